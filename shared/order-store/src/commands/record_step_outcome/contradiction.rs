//! A settled step that is told the opposite: nothing changes, a person gets both messages, and the
//! target system is asked once what is true (ADR 0017).
//!
//! The query is owed with the case, in its transaction, and asked by reconciliation: nobody calls a
//! target system from inside a transaction. Its answer is evidence and changes no status either.

use jiff::{SignedDuration, Timestamp};
use order_domain::fallout::FalloutReason;
use order_domain::ids::{FalloutCaseId, OrderId, RequestId};
use order_domain::step::AnswerSource;
use order_domain::step::answer::StepAnswer;
use order_domain::tenant::TenantId;
use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::one::push_attempts;
use super::{RequestAttempt, StepOutcome, StepSubject};
use crate::aggregate::{OrderKeys, StepRow, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::{
    CaseEvidence, ChangeSet, ContradictionAnswer, NewContradictionQuery, Part,
};
use crate::commands::StepCheck;
use crate::commands::fallout::{NewFallout, open_fallout};
use crate::commands::step_effects::is_blocking;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// Queries that nobody asked yet, or whose asker died: put off, so that two runs never ask at once.
pub(crate) const CLAIM_DUE: &str = r"
    with due as (
        select q.tenant_id, q.fallout_case_id
        from contradiction_query q
        where q.answer is null and q.due_at <= $1
        order by q.due_at
        limit $3
        for update skip locked),
    claimed as (
        update contradiction_query q
        set due_at = $2, ask_count = q.ask_count + 1
        from due d
        where q.tenant_id = d.tenant_id and q.fallout_case_id = d.fallout_case_id
        returning q.tenant_id, q.fallout_case_id, q.order_id, q.fulfillment_step_id, q.request_id,
                  q.target_system, q.ask_count)
    select c.tenant_id, c.fallout_case_id, c.order_id, c.fulfillment_step_id, c.request_id, c.target_system,
           c.ask_count, o.version, s.lease_epoch, t.settings
    from claimed c
    join product_order o on o.tenant_id = c.tenant_id and o.id = c.order_id
    join fulfillment_step s on s.tenant_id = c.tenant_id and s.id = c.fulfillment_step_id
    left join target_system t on t.tenant_id = c.tenant_id and t.system = c.target_system";

/// Opens the case of a contradiction with what is recorded and what was told. An answer to a request
/// of an earlier generation has a case of its own: its effect may stand beside that of the present one.
pub(super) fn open(
    change: &mut OrderChange<'_>,
    index: usize,
    (item, applied_before): (&StepOutcome, Option<&Value>),
) {
    let step = &change.aggregate.steps[index];
    let is_older = step.request_id != Some(item.request_id);
    let evidence = json!({
        "stepKey": step.step_key, "targetSystem": step.target_system, "requestId": item.request_id,
        "presentRequestId": is_older.then_some(step.request_id).flatten(),
        "recorded": { "status": step.status, "failureCode": step.failure_code,
            "externalReference": step.external_reference, "message": applied_before },
        "told": told(item), "query": Value::Null,
    });
    let is_blocking = is_blocking(change, step);
    let reason = FalloutReason::ContradictoryAnswer;
    let mut case = NewFallout::step(step, &reason, is_blocking, evidence);
    case.cause = match is_older {
        true => format!("contradiction:{}:request:{}", step.id, item.request_id),
        false => format!("contradiction:{}:{}", step.id, step.generation),
    };
    let is_repeated = change.open_case_of(&case.cause).is_some();
    let case_id = open_fallout(change, case);
    // What a query said need not be asked again.
    if !is_repeated && item.source != AnswerSource::Query {
        owe_query(change, index, (case_id, item.request_id));
    }
}

fn told(item: &StepOutcome) -> Value {
    let (status, code, reference) = match &item.answer {
        StepAnswer::Completed { external_reference, .. } => ("COMPLETED", None, external_reference),
        StepAnswer::Rejected { code, external_reference } => {
            ("REJECTED", Some(code), external_reference)
        }
        _ => ("OTHER", None, &None),
    };
    let message = match &item.subject {
        StepSubject::Callback(receipt) => receipt.evidence(),
        StepSubject::Lease { .. } => Value::Null,
    };
    json!({ "status": status, "code": code, "externalReference": reference, "message": message })
}

/// The system that the request was made to: the step may be another one's by now.
fn asked_system(step: &StepRow, request_id: RequestId) -> String {
    let older = step.older_requests.iter().find(|x| x.0 == request_id);
    older.map_or_else(|| step.target_system.clone(), |x| x.1.clone())
}

fn owe_query(
    change: &mut OrderChange<'_>,
    index: usize,
    (case_id, request_id): (FalloutCaseId, RequestId),
) {
    let step = &change.aggregate.steps[index];
    let row = NewContradictionQuery {
        tenant_id: change.tenant(),
        fallout_case_id: case_id.as_uuid(),
        order_id: change.aggregate.order.id.as_uuid(),
        fulfillment_step_id: step.id.as_uuid(),
        request_id: request_id.as_uuid(),
        target_system: asked_system(step, request_id),
        due_at: change.now(),
    };
    change.set.push(Part::NewContradictionQuery, &row);
}

/// A claimed query about a contradiction.
#[derive(Debug, Clone)]
pub struct ContradictionCheck {
    /// The case whose evidence the answer becomes.
    pub case_id: FalloutCaseId,
    /// Whom to ask about what; its lease is the step's, and nobody answers under it.
    pub check: StepCheck,
    /// How often it was claimed, this time included.
    pub ask_count: u32,
}

/// Claims queries that contradictions owe, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn claim_contradiction_checks(
    tx: SystemTx,
    (now, lease): (Timestamp, SignedDuration),
    limit: u32,
) -> Result<Vec<ContradictionCheck>, StoreError> {
    let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let limit = i64::from(limit);
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&until as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
    ];
    let rows = tx.run_alone("claim_contradiction_checks", CLAIM_DUE, &params).await?;
    rows.iter().map(check_of).collect()
}

fn check_of(row: &Row) -> Result<ContradictionCheck, StoreError> {
    let r = Reader::new("contradiction_query", row);
    let step_id = r.get("fulfillment_step_id")?;
    Ok(ContradictionCheck {
        case_id: FalloutCaseId::from_uuid(r.get("fallout_case_id")?),
        check: StepCheck {
            tenant: r.parse("tenant_id")?,
            order_id: OrderId::from_uuid(r.get("order_id")?),
            order_version: r.get("version")?,
            step_id: order_domain::ids::FulfillmentStepId::from_uuid(step_id),
            target_system: r.get("target_system")?,
            request_id: RequestId::from_uuid(r.get("request_id")?),
            lease_epoch: r.get("lease_epoch")?,
            target_settings: r.get("settings")?,
        },
        ask_count: r.count("ask_count")?,
    })
}

/// What the target system says about a contradiction.
#[derive(Debug, Clone)]
pub struct ContradictionFinding {
    /// The tenant.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The case.
    pub case_id: FalloutCaseId,
    /// The request that was asked about.
    pub request_id: RequestId,
    /// What the query came to.
    pub answer: StepAnswer,
    /// The queries that led to it.
    pub attempts: Vec<RequestAttempt>,
}

/// Adds what the systems said to the evidence of their cases, in two round trips. No status changes.
///
/// # Errors
/// Technical failures of the store; nothing is recorded then.
pub async fn record_contradiction_findings(
    mut system_tx: SystemTx,
    ctx: &CommandContext,
    findings: &[ContradictionFinding],
) -> Result<(), StoreError> {
    let keys = OrderKeys::of_orders(findings.iter().map(|x| (x.tenant.clone(), x.order_id)));
    let orders =
        system_tx.tx.open(None, async |tx| load_orders(tx, &keys, StepScope::None).await).await?;
    let mut set = ChangeSet::default();
    for ((tenant, order_id), aggregate) in orders {
        let mut change =
            OrderChange::begin(aggregate, "record_contradiction_finding", ctx, &mut set);
        for finding in findings.iter().filter(|x| x.tenant == tenant && x.order_id == order_id) {
            note(&mut change, finding);
        }
        change.finish(&AuditOutcome::Applied);
    }
    set.write(system_tx.tx, "record_contradiction_findings").await
}

fn note(change: &mut OrderChange<'_>, finding: &ContradictionFinding) {
    let (answer, detail) = match &finding.answer {
        StepAnswer::Completed { .. } => ("COMPLETED", None),
        StepAnswer::Accepted { .. } => ("ACCEPTED", None),
        StepAnswer::Rejected { code, .. } => ("REJECTED", Some(code.clone())),
        StepAnswer::Absent => ("ABSENT", None),
        StepAnswer::NotSent { detail }
        | StepAnswer::RetryLater { detail, .. }
        | StepAnswer::Refused { detail }
        | StepAnswer::Unknown { detail, .. }
        | StepAnswer::CannotTell { detail } => ("CANNOT_TELL", Some(detail.clone())),
    };
    push_attempts(change, finding.request_id, &finding.attempts);
    let row = ContradictionAnswer {
        tenant_id: change.tenant(),
        fallout_case_id: finding.case_id.as_uuid(),
        answer,
        detail: detail.clone(),
        answered_at: change.now(),
    };
    change.set.push(Part::ContradictionAnswer, &row);
    let evidence = json!({ "query": { "answer": answer, "detail": detail,
        "answeredAt": change.now() } });
    let id = finding.case_id.as_uuid();
    change.set.push(Part::CaseEvidence, &CaseEvidence { tenant_id: change.tenant(), id, evidence });
}
