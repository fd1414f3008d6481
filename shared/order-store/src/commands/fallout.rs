//! Opening and resolving fallout cases (§19 §20).
//!
//! One open case per cause: a repeat adds to it. A case and its user task are one thing seen from
//! two sides, and only the domain closes it.

use order_domain::event::DomainEventType;
use order_domain::fallout::{
    CaseDecision, CaseRejection, CaseStatus, EngineAnchor, FalloutReason, FalloutResolution,
    decide_resolution,
};
use order_domain::ids::{FalloutCaseId, FulfillmentStepId, OrderId, OrderLineId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::step_effects::step_cause;
use crate::aggregate::{CaseRow, OrderKeys, StepRow, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::{CaseUpdate, ChangeSet, DropOpening, NewCase, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::outbox::{Delivery, case_lane};
use crate::tx::TenantTx;

/// Who owns a case until the domain's rules say otherwise.
const OWNER_GROUP: &str = "order-operations";

/// A case to open.
#[derive(Debug, Clone)]
pub(crate) struct NewFallout {
    pub(crate) cause: String,
    pub(crate) origin: String,
    pub(crate) reason: FalloutReason,
    pub(crate) reasons: Value,
    pub(crate) is_blocking: bool,
    pub(crate) anchor: EngineAnchor,
    pub(crate) step_id: Option<FulfillmentStepId>,
    pub(crate) line_id: Option<OrderLineId>,
    pub(crate) signature: Option<String>,
    pub(crate) evidence: Value,
}

impl NewFallout {
    /// The case of a refused milestone; the engine hears of it by the BPMN error.
    pub(crate) fn milestone(command: &str, code: &'static str, reasons: Value) -> Self {
        Self {
            cause: format!("milestone:{command}"),
            origin: command.to_owned(),
            reason: FalloutReason::MilestoneRefused(code),
            reasons,
            is_blocking: true,
            anchor: EngineAnchor::BpmnError,
            step_id: None,
            line_id: None,
            signature: None,
            evidence: json!({}),
        }
    }

    /// The case of a step; the engine hears of it by message.
    pub(crate) fn step(
        step: &StepRow,
        reason: &FalloutReason,
        is_blocking: bool,
        evidence: Value,
    ) -> Self {
        Self {
            cause: step_cause(step),
            origin: step.step_type.clone(),
            reason: reason.clone(),
            reasons: json!([reason.code()]),
            is_blocking,
            anchor: EngineAnchor::Message,
            step_id: Some(step.id),
            line_id: step.order_line_id,
            signature: Some(format!("{}/{}/{}", step.target_system, step.operation, reason.code())),
            evidence,
        }
    }
}

/// Opens a case in the command's own transaction, or adds to the open one with the same cause.
pub(crate) fn open_fallout(change: &mut OrderChange<'_>, case: NewFallout) -> FalloutCaseId {
    if let Some(open) = change.open_case_of(&case.cause) {
        repeat_case(change, open);
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
        origin: case.origin,
        severity: severity.as_str(),
        reason_code: case.reason.code().chars().take(100).collect(),
        reasons: case.reasons,
        status: CaseStatus::Open.as_str(),
        is_blocking,
        engine_anchor: anchor.as_str(),
        failure_signature: case.signature,
        evidence: case.evidence,
        occurrence_count: 1,
        assigned_group: OWNER_GROUP.to_owned(),
        version: 1,
        opened_at: change.now(),
        due_at: None,
    };
    let part =
        if row.evidence.get("attempts").is_some() { Part::NewStepCase } else { Part::NewCase };
    change.set.push(part, &row);
    change.aggregate.cases.push(CaseRow {
        is_new: true,
        order_id: change.aggregate.order.id,
        id,
        step_id: case.step_id,
        cause: case.cause,
        status: CaseStatus::Open,
        is_blocking,
        engine_anchor: anchor,
        occurrence_count: 1,
        version: 1,
    });
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

fn repeat_case(change: &mut OrderChange<'_>, id: FalloutCaseId) {
    let tenant_id = change.tenant();
    let known = change.aggregate.cases.iter_mut().find(|x| x.id == id && !x.is_new);
    let Some(case) = known else { return };
    case.occurrence_count += 1;
    case.version += 1;
    let row = CaseUpdate {
        tenant_id,
        id: case.id.as_uuid(),
        status: case.status.as_str(),
        occurrence_count: case.occurrence_count,
        version: case.version,
        resolved_at: None,
        resolution: None,
        resolution_code: None,
        resolution_note: None,
    };
    change.set.push(Part::CaseUpdate, &row);
}

/// Closes a case and tells the engine as its anchor demands.
pub(crate) fn close_case(
    change: &mut OrderChange<'_>,
    case: &CaseRow,
    resolution: FalloutResolution,
    (code, note): (&str, Option<&str>),
) {
    let row = CaseUpdate {
        tenant_id: change.tenant(),
        id: case.id.as_uuid(),
        status: CaseStatus::Resolved.as_str(),
        occurrence_count: case.occurrence_count,
        version: case.version + 1,
        resolved_at: Some(change.now()),
        resolution: Some(resolution.as_str()),
        resolution_code: Some(code.to_owned()),
        resolution_note: note.map(str::to_owned),
    };
    change.set.push(Part::CaseUpdate, &row);
    change.aggregate.cases.retain(|x| x.id != case.id);
    if case.is_blocking {
        let order = &mut change.aggregate.order;
        order.open_blocking_case_count = order.open_blocking_case_count.saturating_sub(1);
    }
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

/// How a case is to be closed, and by what authority.
#[derive(Debug, Clone)]
pub struct ResolveCase {
    /// The order that the case belongs to.
    pub order_id: OrderId,
    /// The case.
    pub case_id: FalloutCaseId,
    /// The case version that the caller decided on.
    pub expected_version: Option<i64>,
    /// What the process does next.
    pub resolution: FalloutResolution,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words; never logged.
    pub note: Option<String>,
}

/// What resolving a case did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum ResolveOutcome {
    /// Closed.
    Resolved {
        /// The order's version afterwards.
        order_version: i64,
    },
    /// It was closed already, or never existed under this order.
    NotOpen,
    /// A business "no"; it is audited.
    Refused(CaseRejection),
}

/// Closes one open case of an order.
///
/// # Errors
/// Technical failures of the store, and an order that does not exist.
pub async fn resolve_fallout(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    request: &ResolveCase,
) -> Result<ResolveOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let keys = OrderKeys::of_orders([(tenant.clone(), request.order_id)]);
    let mut orders = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| load_orders(tx, &keys, StepScope::None).await)
        .await?;
    let aggregate = orders
        .remove(&(tenant, request.order_id))
        .ok_or(StoreError::NotFound { what: "the order" })?;
    let Some(case) = aggregate.cases.iter().find(|x| x.id == request.case_id).cloned() else {
        tenant_tx.tx.roll_back().await?;
        return Ok(ResolveOutcome::NotOpen);
    };
    let mut set = ChangeSet::default();
    let mut change = OrderChange::begin(aggregate, "resolve_fallout", ctx, &mut set);
    let decision = check(&case, request);
    let audit = match decision {
        Ok(CaseDecision::Resolve { .. }) => {
            let words = (request.reason_code.as_str(), request.note.as_deref());
            close_case(&mut change, &case, request.resolution, words);
            AuditOutcome::Applied
        }
        Ok(CaseDecision::AlreadyApplied) => AuditOutcome::AlreadyApplied,
        Err(rejection) => AuditOutcome::Refused(rejection.code().to_owned()),
    };
    let order_version = change.finish(&audit).order.version;
    set.write(tenant_tx.tx, "resolve_fallout").await?;
    Ok(match decision {
        Ok(CaseDecision::Resolve { .. }) => ResolveOutcome::Resolved { order_version },
        Ok(CaseDecision::AlreadyApplied) => ResolveOutcome::NotOpen,
        Err(rejection) => ResolveOutcome::Refused(rejection),
    })
}

fn check(case: &CaseRow, request: &ResolveCase) -> Result<CaseDecision, CaseRejection> {
    if request.reason_code.trim().is_empty() {
        return Err(CaseRejection::ReasonRequired);
    }
    if request.expected_version.is_some_and(|expected| expected != case.version) {
        return Err(CaseRejection::VersionConflict);
    }
    decide_resolution(case.status, case.engine_anchor, request.resolution)
}
