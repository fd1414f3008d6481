//! The numbers of this function.

use std::time::Duration;

use jiff::SignedDuration;
use lambda_support::jitter;
pub use workflow_delivery::QUIET;

/// Deliveries held at the same time, and the most that one claim takes.
pub const CLAIM_LIMIT: usize = 100;
/// How long a claimed delivery is nobody else's.
pub const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// Limit of one engine call.
pub const ENGINE_CALL: Duration = Duration::from_secs(10);
/// An engine delivery begins only this soon after its claim: then its call has ended, and been
/// quiet for [`QUIET`], before the lease does and somebody else asks the engine.
pub const BEGIN_WITHIN: SignedDuration = SignedDuration::from_secs(10);
/// Engine calls at the same time, each for another business key.
pub const PARALLEL_ENGINE: usize = 8;
/// How long a round waits for slow deliveries before more is claimed beside them.
pub const ROUND_PATIENCE: Duration = Duration::from_millis(250);
/// Pause after a round that found something.
pub const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Longest pause, after rounds that found nothing.
pub const IDLE_PAUSE: Duration = Duration::from_millis(100);
/// Nothing is claimed any more with less than this left.
pub const MARGIN: Duration = Duration::from_secs(3);
/// What is in hand that long before the end is left to its lease.
pub const LAST_WORD: Duration = Duration::from_millis(700);
/// For what is in hand when the process is told to stop; a delivery takes a few milliseconds.
pub const TO_FINISH: Duration = Duration::from_millis(150);
/// After the same moment everything is written down, or left to its lease. Below
/// [`TIME_TO_STOP`](lambda_support::termination::TIME_TO_STOP).
pub const TO_GIVE_BACK: Duration = Duration::from_millis(250);
/// Tries of a delivery that the receiver calls wrong; then it is buried with an incident. An engine
/// that is down, a message that nobody waits for yet and wrong credentials never bury anything.
pub const TRIES_OF_A_WRONG_MESSAGE: u32 = 8;
/// Engine deliveries read their correlation at the same time as the round writes.
pub const MAX_CONNECTIONS: usize = 4;

const BACK_OFF_BASE: Duration = Duration::from_millis(200);
const BACK_OFF_CAP: Duration = Duration::from_secs(30);

/// When a delivery is tried again after so many tries; never sooner than `least`.
#[must_use]
pub fn back_off(attempt_count: u32, least: SignedDuration) -> SignedDuration {
    let pause = jitter::back_off(attempt_count, BACK_OFF_BASE, BACK_OFF_CAP);
    least.saturating_add(SignedDuration::try_from(pause).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_never_undercuts_the_least() {
        let shortest = (0..200).map(|_| back_off(30, QUIET)).min().unwrap();

        assert!(shortest >= QUIET);
    }
}
