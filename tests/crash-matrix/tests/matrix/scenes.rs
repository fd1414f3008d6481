//! The worlds: what is owed, who does it, and how it must look in the end.

mod bulk;
mod callbacks;
mod intake;
mod reconcile;
mod relay;
mod steps;
mod topic;

use std::pin::Pin;

use crash_matrix::job::{Job, Work};
use fault_points::CrashPoint;
use jiff::{SignedDuration, Timestamp};
use test_support::stage::Stage;

use crate::child::End;

pub(crate) use bulk::Bulk;

pub(crate) type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One world around one function.
pub(crate) trait Scene: Send + Sync {
    /// What the function is asked to do next.
    fn job(&self) -> Doing<'_, Job>;

    /// Takes in what the function's caller heard.
    fn hear<'a>(&'a self, _end: &'a End) -> Doing<'a, ()> {
        Box::pin(async {})
    }

    /// Leases and locks run out.
    fn time_passes(&self) -> Doing<'_, ()>;

    /// Nothing is left to do.
    fn is_settled(&self) -> Doing<'_, bool>;

    /// For the one who reads why it did not settle.
    fn state(&self) -> Doing<'_, String>;

    /// Whether everything is as if nothing had happened.
    fn judge(&self) -> Doing<'_, Result<(), String>>;

    /// Whether a process that hangs at the point stays until it is woken.
    fn sleeps(&self) -> bool {
        true
    }

    fn close(self: Box<Self>) -> Doing<'static, ()>;
}

pub(crate) async fn of(point: CrashPoint) -> Box<dyn Scene> {
    match point {
        CrashPoint::IntakeBeforeTransaction
        | CrashPoint::IntakeBeforeCommit
        | CrashPoint::IntakeAfterCommit => Box::new(intake::Intake::open().await),
        CrashPoint::RelayAfterClaim
        | CrashPoint::RelayBeforeStart
        | CrashPoint::RelayAfterStart
        | CrashPoint::RelayAfterCorrelation
        | CrashPoint::RelayAfterDeletion => Box::new(relay::Relay::start_owed().await),
        CrashPoint::RelayBeforeMessage | CrashPoint::RelayAfterMessage => {
            Box::new(relay::Relay::message_owed().await)
        }
        CrashPoint::TopicAfterFetch
        | CrashPoint::TopicBeforeCommit
        | CrashPoint::TopicAfterCommit
        | CrashPoint::TopicAfterComplete => Box::new(topic::Topic::open(false).await),
        CrashPoint::RenewalBefore | CrashPoint::RenewalAfter => {
            Box::new(topic::Topic::open(true).await)
        }
        CrashPoint::ExecutorAfterClaim
        | CrashPoint::ExecutorBeforeCall
        | CrashPoint::ExecutorAfterCall
        | CrashPoint::ExecutorAfterOutcome => Box::new(steps::Steps::open().await),
        CrashPoint::CallbackIntakeAfterVerifying | CrashPoint::CallbackIntakeAfterSending => {
            Box::new(callbacks::Edge::open().await)
        }
        CrashPoint::BulkAfterClaim | CrashPoint::BulkAfterAct => {
            Box::new(bulk::Bulk::open(6).await)
        }
        CrashPoint::OutcomesBeforeCommit | CrashPoint::CallbackProcessorAfterCommit => {
            Box::new(callbacks::Inbox::open().await)
        }
        CrashPoint::ReconciliationAfterQuery | CrashPoint::ReconciliationAfterAdopting => {
            Box::new(reconcile::Reconcile::open().await)
        }
    }
}

/// A job of a function with this role at the time of the stage.
fn job_of(stage: &Stage, role: &str, engine: &str, work: Work) -> Job {
    let ahead = stage.now().duration_since(Timestamp::now());
    Job {
        database: Some(stage.db.secret(role)),
        engine: engine.to_owned(),
        clock_ahead_ms: i64::try_from(ahead.as_millis()).unwrap(),
        settings: Vec::new(),
        work,
    }
}

/// Longer than every lease and every quiet time.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_secs(90);

/// The first of several facts that is not so.
fn all(facts: &[(&str, bool)]) -> Result<(), String> {
    match facts.iter().find(|(_, holds)| !holds) {
        Some((fact, _)) => Err(format!("not so: {fact}")),
        None => Ok(()),
    }
}

/// `select`ed numbers, for comparing and for showing.
async fn numbers<const N: usize>(stage: &Stage, selects: [&str; N]) -> [i64; N] {
    let mut found = [0; N];
    for (number, select) in found.iter_mut().zip(selects) {
        *number = stage.db.number(select).await;
    }
    found
}

/// How many rows a table has.
async fn count(stage: &Stage, table: &str) -> i64 {
    stage.db.number(&format!("select count(*) from {table}")).await
}
