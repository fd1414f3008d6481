//! Records what target systems answered: to a submit, to a query, or by callback (§15 §16 §40).
//!
//! A batch of any size costs two round trips. Between them the decision is pure; the lease decides
//! whether a worker's answer still counts, and terminal steps absorb what comes late.

mod apart;
mod callback;
mod circuits;
mod contradiction;
mod kept_answer;
mod one;

pub use apart::record_each_step_outcome;
pub use callback::CallbackReceipt;
pub(crate) use callback::{KNOWN_MESSAGES, MATCH_AGAIN_AFTER};
pub(crate) use contradiction::CLAIM_DUE as CLAIM_CONTRADICTIONS;
pub use contradiction::{
    ContradictionCheck, ContradictionFinding, claim_contradiction_checks,
    record_contradiction_findings,
};
pub(crate) use kept_answer::{from_json as read_kept_answer, to_json as keep_answer};

use fault_points::{CrashPoint, reach};
use jiff::Timestamp;
use order_domain::failure::FailureClass;
use order_domain::ids::{FulfillmentStepId, OrderId, RequestId};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy, StepStatus};
use order_domain::tenant::TenantId;

use crate::aggregate::{OrderKeys, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::ChangeSet;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::SystemTx;
use callback::Recorded;

/// One send or query, as it is kept with the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestAttempt {
    /// `SUBMIT`, `QUERY`, `CANCEL` or `CALLBACK`.
    pub kind: &'static str,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The HTTP status, if one came.
    pub http_status: Option<u16>,
    /// What it was, unless a success.
    pub failure_class: Option<FailureClass>,
}

/// Which step an answer is about, and by what right.
#[derive(Debug, Clone)]
pub enum StepSubject {
    /// The holder of a claim answers.
    Lease {
        /// The order.
        order_id: OrderId,
        /// The step.
        step_id: FulfillmentStepId,
        /// The claim's fencing number.
        lease_epoch: i64,
    },
    /// A verified callback answers; the receipt goes to the inbox in the same transaction.
    Callback(Box<CallbackReceipt>),
}

/// One answer to record.
#[derive(Debug, Clone)]
pub struct StepOutcome {
    /// The tenant.
    pub tenant: TenantId,
    /// Our id of the call.
    pub request_id: RequestId,
    /// Which step.
    pub subject: StepSubject,
    /// Where the answer came from.
    pub source: AnswerSource,
    /// What it means.
    pub answer: StepAnswer,
    /// Sends and queries that led to it.
    pub attempts: Vec<RequestAttempt>,
    /// The target system's policy.
    pub policy: StepPolicy,
    /// Random share for back-off.
    pub jitter: Jitter,
}

/// What recording one answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum OutcomeVerdict {
    /// The step has this status now.
    Applied(StepStatus),
    /// The claim ran out and somebody else decides; the answer is recorded only.
    LeaseLost,
    /// The step is settled; the answer is recorded only.
    Late,
    /// The step is settled the other way; a case shows both.
    Contradictory,
    /// The same message was recorded before.
    Duplicate,
    /// No step has this request.
    Unmatched,
}

/// Records a batch of answers.
///
/// # Errors
/// Technical failures of the store; nothing is recorded then.
pub async fn record_step_outcomes(
    mut system_tx: SystemTx,
    ctx: &CommandContext,
    batch: &[StepOutcome],
) -> Result<Vec<OutcomeVerdict>, StoreError> {
    let keys = OrderKeys::of_requests(batch.iter().map(|x| (x.tenant.clone(), x.request_id)));
    let (mut orders, mut known) = system_tx
        .tx
        .open(None, async |tx| {
            futures_util::future::try_join(
                load_orders(tx, &keys, StepScope::Requested),
                callback::find_known(tx, batch),
            )
            .await
        })
        .await?;
    let mut set = ChangeSet::default();
    let moved = circuits::hear(&mut orders, batch, (&mut set, ctx));
    let mut recorded = vec![Recorded::NOTHING; batch.len()];
    for ((tenant, _), aggregate) in orders {
        let mut change = OrderChange::begin(aggregate, "record_step_outcome", ctx, &mut set);
        let mut outcome = AuditOutcome::AlreadyApplied;
        for (index, item) in batch.iter().enumerate().filter(|(_, x)| x.tenant == tenant) {
            let Some(step) = one::position_of(&change.aggregate, item) else { continue };
            recorded[index].step_id = Some(change.aggregate.steps[step].id);
            if !known.is_new(index) {
                continue;
            }
            let verdict = one::record(&mut change, step, item, known.applied_before(item));
            recorded[index].verdict = verdict;
            if matches!(verdict, OutcomeVerdict::Applied(_)) {
                outcome = AuditOutcome::Applied;
                known.note_applied(item);
            }
        }
        change.refresh_lines();
        change.complete_plan_if_done();
        change.refresh_status(None);
        change.finish(&outcome);
    }
    callback::keep_receipts(&mut set, ctx, batch, (&mut recorded, &known));
    reach(CrashPoint::OutcomesBeforeCommit).await?;
    set.write(system_tx.tx, "record_step_outcomes").await?;
    moved.iter().for_each(circuits::Moved::log);
    Ok(recorded.into_iter().map(|x| x.verdict).collect())
}
