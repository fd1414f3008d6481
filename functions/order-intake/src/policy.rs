//! Numbers of this function.

use std::time::Duration;

use jiff::SignedDuration;

/// How long a key stays RUNNING when its holder dies; longer than the function may run (29 s), so
/// that two holders never work at the same time.
pub const KEY_LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long the CPQ may take, body included; leaves room for both round trips within 29 s.
pub const CPQ_TIMEOUT: Duration = Duration::from_secs(8);
/// When to send a request again that failed for a technical reason, unless the CPQ says otherwise.
pub const RETRY_AFTER_SECONDS: u32 = 5;
/// A CPQ that asks for a longer pause is not repeated to the caller.
pub const MAX_RETRY_AFTER_SECONDS: u32 = 300;
/// One request at a time is what an execution environment gets.
pub const MAX_CONNECTIONS: usize = 1;
