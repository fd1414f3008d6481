//! The loop that every topic function runs: fetch, execute each task, report, until the deadline.
//!
//! It guarantees that each fetched task is executed in its own span and then completed, reported
//! or given back, that a panic costs one task and not the batch, and that no more tasks run at
//! once than the settings allow. It does not guarantee that a task is executed only once: a lost
//! answer or a lost lock hands the same task out again, so the command behind it is idempotent.
//!
//! ```text
//!  fetch ──▶ waiting ──▶ in hand (at most `parallel`) ──▶ complete / BPMN error / failure
//!    ▲          │              └─ lock extended every 10 s      └─ gone, lock lost: counted
//!    └── early  └─ deadline: unlocked     └─ told to stop, not finished: unlocked
//! ```
//!
//! The next batch is fetched as soon as nothing waits any more, while the last tasks are still in
//! hand. One fetcher per topic: rivals would select the same rows and come home empty.

mod end;
mod fetching;
mod in_hand;
mod outcome;
mod repeat;
mod report;
mod retries;
mod settings;
mod summary;
mod task_span;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::future::Future;

use camunda_client::{EngineClient, EngineError, ExternalTask};
use fault_points::SeededBug;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::sleep_until;

use self::end::Ending;
pub use self::end::LoopEnd;
use self::fetching::Fetching;
use self::in_hand::{Hands, HeldTask, Job};
pub use self::outcome::TaskOutcome;
pub use self::repeat::repeated;
pub use self::retries::{MAX_RETRIES, retry_after, retry_ceiling};
pub use self::settings::{LoopMode, LoopSettings, POINTER_VARIABLES, Polling};
pub use self::summary::LoopSummary;

/// Fetches and executes tasks of one topic until `end`: the end of the invocation less the margin
/// of the settings, or the moment when the process is told to stop. The worker id is new for every
/// call.
///
/// # Errors
/// The engine's answer to a fetch, when it is permanent or when no fetch succeeded at all.
/// What goes wrong with a single task is never an error of the loop; it is counted.
pub async fn run<H, F>(
    engine: &EngineClient,
    settings: &LoopSettings,
    end: impl Into<LoopEnd>,
    handler: H,
) -> Result<LoopSummary, EngineError>
where
    H: Fn(ExternalTask) -> F,
    F: Future<Output = TaskOutcome>,
{
    let worker_id = match SeededBug::OneWorkerId.is_present() {
        true => settings.function.clone(),
        false => format!("{}:{}", settings.function, uuid::Uuid::now_v7()),
    };
    let end = end.into();
    let hands = Hands { engine, settings, worker_id: &worker_id, stop: end.stop(), handler };
    let mut ending = Ending::new(end, settings);
    let mut summary = LoopSummary::default();
    let mut waiting = VecDeque::new();
    let mut in_hand = FuturesUnordered::new();
    let mut fetching = Fetching::new(engine, settings, &worker_id, ending.stop_at);

    loop {
        if ending.is_over() && !waiting.is_empty() {
            in_hand.push(hands.work(Job::GiveBack(waiting.drain(..).collect())));
        }
        while in_hand.len() < settings.parallel
            && let Some(task) = waiting.pop_front()
        {
            in_hand.push(hands.work(Job::Execute(Box::new(task))));
        }
        if waiting.is_empty() {
            fetching.begin(in_hand.is_empty());
        }
        if in_hand.is_empty() && fetching.is_idle() {
            break;
        }
        let abandon_at = ending.abandon_at;
        tokio::select! {
            Some(end) = in_hand.next(), if !in_hand.is_empty() => summary.count(end),
            tasks = fetching.next(), if !fetching.is_idle() => {
                waiting.extend(tasks.into_iter().map(HeldTask::now));
            }
            () = ending.begins(!waiting.is_empty()) => fetching.stop_at(ending.stop_at),
            () = sleep_until(abandon_at) => {
                summary.abandoned = in_hand.len() as u64;
                break;
            }
        }
    }
    drop(in_hand);
    summary.was_told_to_stop = ending.was_told;
    fetching.finish(&mut summary)?;
    tracing::info!(topic = %settings.topic, worker.id = %worker_id, ?summary, "task loop ended");
    Ok(summary)
}
