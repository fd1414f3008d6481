#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod checks;
mod evidence;
mod invariant;
mod report;

pub use evidence::{
    CallAnswer, CallRecord, Effect, Evidence, ProcessInstance, QueueCount, ReceivedEvent,
};
pub use invariant::Invariant;
pub use report::{Finding, Report, Violation};

use anyhow::Result;
use tokio_postgres::Client;

/// Checks every invariant that the evidence allows; faults must have stopped and work be at rest.
///
/// # Errors
/// The database does not answer.
pub async fn check(database: &Client, evidence: &Evidence) -> Result<Report> {
    let mut report = Report::default();
    checks::tables::check(database, &mut report).await?;
    checks::ledger::check(database, &evidence.effects, &mut report).await?;
    checks::events::check(database, &evidence.events, &mut report).await?;
    checks::calls::check(database, &evidence.calls, &mut report).await?;
    checks::engine::check(database, &evidence.instances, &mut report).await?;
    checks::queues::check(&evidence.queues, &mut report);
    Ok(report)
}
