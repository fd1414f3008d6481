//! What is kept of an action: the journal row, and the answer under its key.

use order_domain::fallout::{ActionEffect, ActionRefusal, CaseStatus};
use order_domain::ids::FalloutCaseId;
use serde_json::Value;
use uuid::Uuid;

use super::facts::{CaseSubject, PendingRequest};
use super::input::{ActOnCase, ActionReport, ActionVerdict, CaseAfter};
use super::load::Stored;
use crate::change::OrderChange;
use crate::change_set::{ActionRow, Part};
use crate::error::StoreError;
use crate::idempotency::keep_answer;

/// The case after the change: an open one as it is, else closed.
pub(super) fn case_after(
    change: &OrderChange<'_>,
    id: Option<FalloutCaseId>,
    (before, effect): (&CaseSubject, ActionEffect),
) -> Option<CaseAfter> {
    let id = id?;
    let open = change.aggregate.cases.iter().find(|x| x.id == id);
    let closed = match effect {
        ActionEffect::FailOrder => CaseStatus::Cancelled,
        _ => CaseStatus::Resolved,
    };
    let after = open.map_or((closed, before.version + 1), |x| (x.status, x.version));
    Some(CaseAfter { fallout_case_id: id, case_status: after.0, case_version: after.1 })
}

fn row(change: &OrderChange<'_>, request: &ActOnCase, id: Uuid) -> ActionRow {
    ActionRow {
        tenant_id: change.tenant(),
        id,
        order_id: request.order_id.as_uuid(),
        fallout_case_id: request.case_id.map(|x| x.as_uuid()),
        action: request.action.as_str(),
        actor_name: change.ctx.actor.name.clone(),
        roles: change.ctx.actor.roles.clone(),
        reason_code: request.reason_code.chars().take(100).collect(),
        note: request.note.clone(),
        input: serde_json::to_value(&request.input).unwrap_or(Value::Null),
        verdict: "REFUSED",
        refusal_code: None,
        effect: None,
        request_id: None,
        case_version: None,
        order_version: change.aggregate.order.version,
        occurred_at: change.now(),
        bulk_action_id: request.bulk_action_id.map(|x| x.as_uuid()),
    }
}

/// An attempt that was refused, with its code.
pub(super) fn refused(change: &mut OrderChange<'_>, request: &ActOnCase, refusal: ActionRefusal) {
    let row = ActionRow {
        refusal_code: Some(refusal.code()),
        case_version: request.expected_version.filter(|_| request.case_id.is_some()),
        ..row(change, request, Uuid::now_v7())
    };
    change.set.push(Part::Action, &row);
}

/// What was done or asked for; an approval names the request that it is about.
pub(super) fn applied(
    change: &mut OrderChange<'_>,
    (request, id): (&ActOnCase, Uuid),
    (report, pending): (&ActionReport, Option<&PendingRequest>),
) -> Result<(), StoreError> {
    use order_domain::fallout::FalloutAction::{Approve, Reject};
    let effect = serde_json::to_value(&report.effect)
        .map_err(|source| StoreError::Encode { operation: "act_on_case", source })?;
    let is_answer = matches!(request.action, Approve | Reject);
    let verdict = match report.verdict {
        ActionVerdict::AwaitingApproval => "AWAITING_APPROVAL",
        ActionVerdict::Applied | ActionVerdict::Preview => "APPLIED",
    };
    let row = ActionRow {
        verdict,
        effect: Some(effect),
        request_id: pending.filter(|_| is_answer).map(|x| x.action_id),
        case_version: report.case.map(|x| x.case_version),
        ..row(change, request, id)
    };
    change.set.push(Part::Action, &row);
    Ok(())
}

/// What no person asked for: the clock escalated a case of the change.
pub(crate) fn journal_escalation(change: &mut OrderChange<'_>, request: &ActOnCase) {
    let case = change.aggregate.cases.iter().find(|x| Some(x.id) == request.case_id);
    let row = ActionRow {
        verdict: "APPLIED",
        case_version: case.map(|x| x.version),
        ..row(change, request, Uuid::now_v7())
    };
    change.set.push(Part::Action, &row);
}

/// Keeps the answer under the caller's key.
pub(super) fn keep(
    change: &mut OrderChange<'_>,
    request: &ActOnCase,
    answer: &Stored,
) -> Result<(), StoreError> {
    let (tenant, asked) = (change.tenant(), (change.ctx, "act_on_case", &*request.fingerprint));
    keep_answer(change.set, tenant, asked, answer)
}
