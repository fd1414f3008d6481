//! Readiness by asking: the only place of this crate that pauses.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const PAUSE: Duration = Duration::from_millis(50);

/// Asks `check` until it answers `Some`, fails, or the time is over.
///
/// `check` fails when waiting is pointless, for example because the process has ended.
///
/// # Errors
/// The failure of `check`, or that `what` was not ready in time.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut check: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = check().await? {
            return Ok(answer);
        }
        if started.elapsed() > limit {
            bail!("{what} was not ready after {} s", limit.as_secs());
        }
        pause(PAUSE).await;
    }
}

/// A pause between two questions.
#[expect(clippy::disallowed_methods, reason = "the time other processes take is real")]
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
