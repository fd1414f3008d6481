//! Being told to stop: SIGTERM, while work is in hand.
//!
//! Lambda sends it to a function with an extension, and every function that reads secrets has one
//! (ADR 0003); the process then has 300 ms. So the signal alone is enough: no extension of our own
//! is registered, and a start pays for nothing (ADR 0016). Where nobody sends it, nothing happens.

use std::future::pending;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// All that holds a [`StopSignal`] has ended by then, or is left to its lock or lease.
pub const TIME_TO_STOP: Duration = Duration::from_millis(280);

/// The one place that tells a process's work to stop.
#[derive(Debug, Clone)]
pub struct Termination(watch::Sender<Option<Instant>>);

/// Hears whether it was told to stop; whoever holds one is waited for.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<Option<Instant>>);

impl Termination {
    /// Tells nobody anything by itself.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Tells on SIGTERM, and ends the process when everybody has stopped.
    ///
    /// # Errors
    /// The operating system takes no handler.
    pub fn on_sigterm() -> std::io::Result<Self> {
        Self::on_sigterm_then(|| std::process::exit(0))
    }

    fn on_sigterm_then(end: impl FnOnce() + Send + 'static) -> std::io::Result<Self> {
        let mut sigterm = signal(SignalKind::terminate())?;
        let termination = Self::new();
        let teller = termination.clone();
        tokio::spawn(async move {
            if sigterm.recv().await.is_some() {
                tracing::info!("told to stop");
                teller.stop().await;
                end();
            }
        });
        Ok(termination)
    }

    /// For one piece of work, for as long as it lasts.
    #[must_use]
    pub fn signal(&self) -> StopSignal {
        StopSignal(self.0.subscribe())
    }

    /// Tells everybody; the first time counts.
    pub fn tell(&self) {
        self.0.send_if_modified(|told_at| {
            let is_first = told_at.is_none();
            told_at.get_or_insert_with(Instant::now);
            is_first
        });
    }

    /// Tells everybody, and waits for them for at most [`TIME_TO_STOP`].
    async fn stop(&self) {
        self.tell();
        if timeout(TIME_TO_STOP, self.0.closed()).await.is_err() {
            tracing::warn!("ended before everything was given back");
        }
    }
}

impl Default for Termination {
    fn default() -> Self {
        Self::new()
    }
}

impl StopSignal {
    /// Is never told to stop.
    #[must_use]
    pub fn never() -> Self {
        Self(watch::Sender::new(None).subscribe())
    }

    /// When it was told to stop, if it was.
    #[must_use]
    pub fn told_at(&self) -> Option<Instant> {
        *self.0.borrow()
    }

    /// Waits until it is told to stop; answers when that was.
    pub async fn told(&mut self) -> Instant {
        match self.0.wait_for(Option::is_some).await.map(|told_at| *told_at) {
            Ok(Some(told_at)) => told_at,
            // Nobody is left who could tell.
            Ok(None) | Err(_) => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_process_ends_on_sigterm_after_its_work_has_stopped() {
        let (ended, mut has_ended) = oneshot::channel();
        let termination = Termination::on_sigterm_then(move || ended.send(()).unwrap()).unwrap();
        let mut work = termination.signal();

        kill_process(getpid(), Signal::TERM).unwrap();
        work.told().await;

        assert!(has_ended.try_recv().is_err(), "the work is waited for");
        drop(work);
        has_ended.await.expect("the process would end now");
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_does_not_stop_is_waited_for_no_longer_than_the_platform_does() {
        let termination = Termination::new();
        let _work = termination.signal();
        let told_at = Instant::now();

        termination.stop().await;

        assert_eq!(told_at.elapsed(), TIME_TO_STOP);
    }

    #[tokio::test]
    async fn work_that_begins_after_the_signal_hears_of_it_too() {
        let termination = Termination::new();
        assert_eq!(termination.signal().told_at(), None);
        termination.tell();

        let told_at = termination.signal().told().await;

        assert!(told_at <= Instant::now());
        assert_eq!(termination.signal().told_at(), Some(told_at));
    }
}
