//! What time a function takes it to be.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time; tests move it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The time of the machine.
#[must_use]
pub fn system() -> Clock {
    Arc::new(Timestamp::now)
}
