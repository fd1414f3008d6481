//! Tasks in hand: keeping their lock, executing them, reporting them, or giving them back.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use camunda_client::{EngineClient, EngineError, ExternalTask};
use fault_points::{CrashPoint, reach};
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;

use super::end::out_of_time;
use super::outcome::TaskOutcome;
use super::report::report;
use super::settings::LoopSettings;
use super::task_span::task_span;
use crate::termination::StopSignal;

/// A fetched task and when its lock was last renewed, as far as we know.
pub(super) struct HeldTask {
    task: ExternalTask,
    locked_at: Instant,
}

/// One thing the loop does beside fetching.
pub(super) enum Job {
    Execute(Box<HeldTask>),
    GiveBack(Vec<HeldTask>),
}

/// What became of a job, for the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TaskEnd {
    Completed,
    BpmnError,
    Failed,
    Gone,
    LockLost,
    Unreported,
    Unlocked { tasks: u64 },
}

pub(super) struct Hands<'a, H> {
    pub(super) engine: &'a EngineClient,
    pub(super) settings: &'a LoopSettings,
    pub(super) worker_id: &'a str,
    pub(super) stop: StopSignal,
    pub(super) handler: H,
}

impl HeldTask {
    pub(super) fn now(task: ExternalTask) -> Self {
        Self { task, locked_at: Instant::now() }
    }
}

impl<H, F> Hands<'_, H>
where
    H: Fn(ExternalTask) -> F,
    F: Future<Output = TaskOutcome>,
{
    pub(super) async fn work(&self, job: Job) -> TaskEnd {
        match job {
            Job::Execute(held) => {
                let span = task_span(&held.task, self.worker_id);
                self.execute_and_report(*held).instrument(span).await
            }
            Job::GiveBack(tasks) => self.give_back(&tasks).await,
        }
    }

    async fn execute_and_report(&self, mut held: HeldTask) -> TaskEnd {
        if let Err(end) = self.renew_old_lock(&mut held).await {
            return end;
        }
        let outcome = tokio::select! {
            biased;
            outcome = self.execute(&held.task) => outcome,
            never = self.keep_lock(&held) => match never {},
            // Cut off in the middle is what a crash does, too: the command is whole or not there.
            () = out_of_time(self.stop.clone()) => return self.give_back(&[held]).await,
        };
        log_outcome(&outcome);
        report(self.engine, &held.task.id, self.worker_id, outcome).await
    }

    /// A panic costs this task one retry, not the batch its locks.
    async fn execute(&self, task: &ExternalTask) -> TaskOutcome {
        let work = async { (self.handler)(task.clone()).await };
        let result = AssertUnwindSafe(work).catch_unwind().await;
        // The panic hook has printed the message; it may quote data, so it is not passed on.
        result.unwrap_or_else(|_| TaskOutcome::retry(task, "the function panicked"))
    }

    /// A task that waited long for its turn is executed only if it is still ours.
    async fn renew_old_lock(&self, held: &mut HeldTask) -> Result<(), TaskEnd> {
        let age = held.locked_at.elapsed();
        if age < self.settings.extend_after {
            return Ok(());
        }
        if age >= self.settings.lock_duration {
            tracing::warn!("lock ran out before the task was started");
            return Err(TaskEnd::LockLost);
        }
        match self.extend(&held.task).await {
            Err(EngineError::LockLost { .. }) => Err(TaskEnd::LockLost),
            Err(EngineError::Gone { .. }) => Err(TaskEnd::Gone),
            // Still ours as far as we know; the report will tell.
            Err(_) => Ok(()),
            Ok(()) => {
                held.locked_at = Instant::now();
                Ok(())
            }
        }
    }

    /// Extends the lock as long as the task is in hand; never ends by itself.
    async fn keep_lock(&self, held: &HeldTask) -> Infallible {
        let mut renewed_at = held.locked_at;
        loop {
            sleep_until(renewed_at + self.settings.extend_after).await;
            renewed_at = Instant::now();
            // Once it is lost the work may still end, being idempotent; its report is refused.
            if let Err(EngineError::LockLost { .. } | EngineError::Gone { .. }) =
                self.extend(&held.task).await
            {
                return std::future::pending().await;
            }
        }
    }

    async fn extend(&self, task: &ExternalTask) -> Result<(), EngineError> {
        let duration = self.settings.lock_duration;
        // A renewal that fails is one that did not come in time: the work goes on.
        if reach(CrashPoint::RenewalBefore).await.is_err() {
            return Ok(());
        }
        let result = self.engine.extend_lock(&task.id, self.worker_id, duration).await;
        if reach(CrashPoint::RenewalAfter).await.is_err() {
            return Ok(());
        }
        if let Err(error) = &result {
            tracing::warn!(error = error as &dyn std::error::Error, "lock was not extended");
        }
        result
    }

    /// Unlocks, so that nobody waits for the locks to run out.
    async fn give_back(&self, held: &[HeldTask]) -> TaskEnd {
        let unlock = async |held: &HeldTask| {
            if let Err(error) = self.engine.unlock_task(&held.task.id).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(external_task.id = held.task.id, error, "task was not unlocked");
            }
        };
        stream::iter(held).for_each_concurrent(self.settings.parallel, unlock).await;
        TaskEnd::Unlocked { tasks: held.len() as u64 }
    }
}

/// Business texts stay out of the log; codes and figures are enough to find the case.
fn log_outcome(outcome: &TaskOutcome) {
    match outcome {
        TaskOutcome::Complete(_) => tracing::debug!("task is complete"),
        TaskOutcome::BpmnError { code, .. } => tracing::info!(code, "task ends with a BPMN error"),
        TaskOutcome::Failure { message, retries, retry_timeout, .. } => {
            let retry_timeout_ms = retry_timeout.as_millis();
            tracing::warn!(reason = message, retries, retry_timeout_ms, "task failed");
        }
    }
}
