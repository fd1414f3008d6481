//! Opening and resolving fallout cases (§19 §20).
//!
//! One open case per cause: a repeat adds to it. A case and its user task are one thing seen from
//! two sides, and only the domain closes it.

mod escalation;
mod new_fallout;

pub(crate) use escalation::{expect_touch, raise_case};
pub(crate) use new_fallout::{NewFallout, Routing};

use order_domain::event::DomainEventType;
use order_domain::fallout::{CaseKind, CaseStatus, EngineAnchor, FalloutResolution, Severity};
use order_domain::ids::FalloutCaseId;
use serde_json::json;
use uuid::Uuid;

use crate::aggregate::{CaseNews, CaseRow};
use crate::change::OrderChange;
use crate::change_set::{CaseUpdate, DropOpening, NewCase, Part};
use crate::outbox::{Delivery, case_lane};

/// Opens a case in the command's own transaction, or adds to the open one with the same cause.
pub(crate) fn open_fallout(change: &mut OrderChange<'_>, case: NewFallout) -> FalloutCaseId {
    if let Some(open) = change.open_case_of(&case.cause) {
        repeat_case(change, open, case);
        return open;
    }
    let id = FalloutCaseId::from_uuid(Uuid::now_v7());
    let is_terminal = change.aggregate.order.status.is_terminal();
    let is_blocking = case.is_blocking && !is_terminal;
    let anchor = if is_terminal { EngineAnchor::None } else { case.anchor };
    let severity = case.reason.severity(is_blocking);
    let row = NewCase {
        tenant_id: change.tenant(),
        id: id.as_uuid(),
        order_id: change.aggregate.order.id.as_uuid(),
        order_line_id: case.line_id.map(|x| x.as_uuid()),
        fulfillment_step_id: case.step_id.map(|x| x.as_uuid()),
        cause: case.cause.clone(),
        origin: case.origin.clone(),
        severity: severity.as_str(),
        reason_code: case.reason.code().chars().take(100).collect(),
        reasons: case.reasons.clone(),
        status: CaseStatus::Open.as_str(),
        is_blocking,
        engine_anchor: anchor.as_str(),
        failure_signature: case.signature.clone(),
        evidence: case.evidence.clone(),
        occurrence_count: 1,
        assigned_group: case.routing.owner_group(&case.cause),
        version: 1,
        opened_at: change.now(),
        due_at: Some(case.routing.touch_due_at(change.now())),
    };
    let part =
        if row.evidence.get("attempts").is_some() { Part::NewStepCase } else { Part::NewCase };
    change.set.push(part, &row);
    let opened = new_case_row(change, &case, &row, (severity, anchor));
    change.aggregate.cases.push(opened);
    if is_blocking {
        change.aggregate.order.open_blocking_case_count += 1;
    }
    let data = json!({ "falloutCaseId": id, "reasonCode": row.reason_code,
        "severity": row.severity, "isBlocking": is_blocking, "fulfillmentStepId": case.step_id });
    change.record_event(DomainEventType::OrderFalloutOpened, &data);
    change.refresh_status(None);
    if anchor == EngineAnchor::Message {
        change.owe(&Delivery::FalloutOpened { fallout_case_id: id }, change.now());
    }
    id
}

/// The case as a later decision of the same change sees it.
fn new_case_row(
    change: &OrderChange<'_>,
    case: &NewFallout,
    row: &NewCase,
    (severity, engine_anchor): (Severity, EngineAnchor),
) -> CaseRow {
    CaseRow {
        is_new: true,
        order_id: change.aggregate.order.id,
        id: FalloutCaseId::from_uuid(row.id),
        step_id: case.step_id,
        cause: case.cause.clone(),
        status: CaseStatus::Open,
        is_blocking: row.is_blocking,
        engine_anchor,
        severity,
        occurrence_count: 1,
        assigned_group: row.assigned_group.clone(),
        assigned_user: None,
        due_at: row.due_at,
        touched_at: None,
        escalation_level: 0,
        pending_request: None,
        requested_information: Vec::new(),
        news: CaseNews::default(),
        version: 1,
    }
}

/// Adds to the open case what happened again. A step that fails after it was sent again is nobody's
/// work any more: its case is OPEN, and says why it is now.
fn repeat_case(change: &mut OrderChange<'_>, id: FalloutCaseId, again: NewFallout) {
    let now = change.now();
    let known = change.aggregate.cases.iter_mut().find(|x| x.id == id && !x.is_new);
    let Some(case) = known else { return };
    case.occurrence_count += 1;
    case.version += 1;
    if case.kind() == CaseKind::Step && case.status == CaseStatus::InProgress {
        case.status = CaseStatus::Open;
        case.due_at = Some(again.routing.touch_due_at(now));
    }
    if case.kind() == CaseKind::Step {
        case.severity = case.severity.max(again.reason.severity(case.is_blocking));
        let reason_code: String = again.reason.code().chars().take(100).collect();
        case.news = CaseNews {
            reason_code: Some(reason_code),
            reasons: Some(again.reasons),
            signature: again.signature,
            evidence: Some(json!({ "latest": again.evidence })),
        };
    }
    push_case(change, id);
}

/// Writes what the change made of an open case.
pub(crate) fn push_case(change: &mut OrderChange<'_>, id: FalloutCaseId) {
    let tenant_id = change.tenant();
    let Some(case) = change.aggregate.cases.iter().find(|x| x.id == id) else { return };
    let row = case_update(tenant_id, case);
    change.set.push(Part::CaseUpdate, &row);
}

fn case_update(tenant_id: String, case: &CaseRow) -> CaseUpdate {
    CaseUpdate {
        tenant_id,
        id: case.id.as_uuid(),
        status: case.status.as_str(),
        severity: case.severity.as_str(),
        occurrence_count: case.occurrence_count,
        version: case.version,
        assigned_group: case.assigned_group.clone(),
        assigned_user: case.assigned_user.clone(),
        due_at: case.due_at,
        touched_at: case.touched_at,
        escalation_level: case.escalation_level,
        engine_anchor: case.engine_anchor.as_str(),
        pending_request: case.pending_request.clone(),
        requested_information: case.requested_information.clone(),
        reason_code: case.news.reason_code.clone(),
        reasons: case.news.reasons.clone(),
        failure_signature: case.news.signature.clone(),
        evidence: case.news.evidence.clone(),
        resolved_at: None,
        resolution: None,
        resolution_code: None,
        resolution_note: None,
    }
}

/// The engine hears of the case by the BPMN error that names it, and so hears of its end too.
pub(crate) fn anchor_at_error(change: &mut OrderChange<'_>, id: FalloutCaseId) {
    let unheard = |x: &&mut CaseRow| x.id == id && x.engine_anchor == EngineAnchor::None;
    let Some(case) = change.aggregate.cases.iter_mut().find(unheard) else { return };
    case.engine_anchor = EngineAnchor::BpmnError;
    case.version += 1;
    push_case(change, id);
}

/// Closes a case and tells the engine as its anchor demands.
pub(crate) fn close_case(
    change: &mut OrderChange<'_>,
    case: &CaseRow,
    resolution: FalloutResolution,
    (code, note): (&str, Option<&str>),
) {
    let row = CaseUpdate {
        status: CaseStatus::Resolved.as_str(),
        version: case.version + 1,
        pending_request: None,
        resolved_at: Some(change.now()),
        resolution: Some(resolution.as_str()),
        resolution_code: Some(code.to_owned()),
        resolution_note: note.map(str::to_owned),
        ..case_update(change.tenant(), case)
    };
    change.set.push(Part::CaseUpdate, &row);
    forget_case(change, case);
    let data = json!({ "falloutCaseId": case.id, "resolution": resolution.as_str(),
        "resolutionCode": code });
    change.record_event(DomainEventType::OrderFalloutResolved, &data);
    change.refresh_status(None);
    if case.engine_anchor != EngineAnchor::None {
        let drop = DropOpening { tenant_id: change.tenant(), lane: case_lane(case.id) };
        change.set.push(Part::DropOpening, &drop);
        let delivery = Delivery::UserTaskComplete {
            fallout_case_id: case.id,
            resolution,
            engine_anchor: case.engine_anchor,
        };
        change.owe(&delivery, change.now());
    }
}

/// Closes a case together with its order: nobody is told, because the process goes as a whole.
pub(crate) fn cancel_case(change: &mut OrderChange<'_>, case: &CaseRow, code: &str) {
    let row = CaseUpdate {
        status: CaseStatus::Cancelled.as_str(),
        version: case.version + 1,
        pending_request: None,
        resolution_code: Some(code.to_owned()),
        ..case_update(change.tenant(), case)
    };
    change.set.push(Part::CaseUpdate, &row);
    forget_case(change, case);
    let drop = DropOpening { tenant_id: change.tenant(), lane: case_lane(case.id) };
    change.set.push(Part::DropOpening, &drop);
}

/// A closed case stands in nobody's way.
fn forget_case(change: &mut OrderChange<'_>, case: &CaseRow) {
    change.aggregate.cases.retain(|x| x.id != case.id);
    if case.is_blocking {
        let order = &mut change.aggregate.order;
        order.open_blocking_case_count = order.open_blocking_case_count.saturating_sub(1);
    }
}
