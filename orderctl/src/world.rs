//! What a command finds outside itself: where it prints, and what time it is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::terminal::Terminal;

/// The surroundings of one command.
#[derive(Debug, Clone)]
pub struct World {
    /// Where answers and messages go.
    pub terminal: Terminal,
    /// Tells the time and lets it pass.
    pub clock: Clock,
}

impl World {
    /// Standard output, standard error and the time of the machine.
    #[must_use]
    pub fn of_process() -> Self {
        Self { terminal: Terminal::of_process(), clock: Clock::System }
    }
}

/// Tells the time; tests move it.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The time of the machine.
    System,
    /// A time that passes only while somebody pauses.
    Manual(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// A clock that stands still at `now`.
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        Self::Manual(Arc::new(Mutex::new(now)))
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Lets time pass.
    pub(crate) async fn pause(&self, duration: Duration) {
        match self {
            #[expect(clippy::disallowed_methods, reason = "people wait in real time")]
            Self::System => tokio::time::sleep(duration).await,
            Self::Manual(now) => {
                let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
                *now = now.checked_add(duration).unwrap_or(Timestamp::MAX);
            }
        }
    }
}
