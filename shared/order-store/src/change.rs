//! One order's changes inside a command: keeps row, journal and deliveries in step.
//!
//! Invariant: the order's version rises exactly when an event is recorded, and every status
//! transition names the event that caused it.

mod lines;
mod rows;

pub(crate) use rows::cloud_event;
use rows::{line_update, plan_update, step_update};

use fault_points::SeededBug;
use jiff::Timestamp;
use order_domain::event::DomainEventType;
use order_domain::fallout::EngineAnchor;
use order_domain::ids::FalloutCaseId;
use order_domain::order::{OrderStatus, derive_status};
use order_domain::plan::PlanStatus;
use serde_json::Value;
use uuid::Uuid;

use crate::aggregate::{CaseRow, OrderAggregate};
use crate::audit::{AuditOutcome, ChainHead, next_entry};
use crate::change_set::{ChangeSet, EventRow, OrderUpdate, OutboxRow, Part, TransitionRow};
use crate::context::CommandContext;
use crate::outbox::Delivery;

/// The changes of one command on one order.
pub(crate) struct OrderChange<'a> {
    pub(crate) aggregate: OrderAggregate,
    pub(crate) ctx: &'a CommandContext,
    pub(crate) set: &'a mut ChangeSet,
    command: &'static str,
    last_event: Option<Uuid>,
    /// What was recorded and is owed, in this order: what a preview tells.
    pub(crate) events: Vec<DomainEventType>,
    pub(crate) owed: Vec<&'static str>,
}

impl<'a> OrderChange<'a> {
    pub(crate) fn begin(
        aggregate: OrderAggregate,
        command: &'static str,
        ctx: &'a CommandContext,
        set: &'a mut ChangeSet,
    ) -> Self {
        let (events, owed) = (Vec::new(), Vec::new());
        Self { aggregate, ctx, set, command, last_event: None, events, owed }
    }

    pub(crate) fn tenant(&self) -> String {
        self.aggregate.order.tenant.to_string()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ctx.now
    }

    /// Records a business fact: version, event row and its delivery.
    pub(crate) fn record_event(&mut self, event_type: DomainEventType, data: &Value) {
        self.aggregate.order.version += 1;
        let order = &self.aggregate.order;
        let id = Uuid::now_v7();
        let row = EventRow {
            tenant_id: order.tenant.to_string(),
            id,
            order_id: order.id.as_uuid(),
            order_version: order.version,
            event_type: event_type.as_str(),
            data: data.clone(),
            correlation_id: order.correlation_id.as_uuid(),
            traceparent: self.ctx.traceparent.clone(),
            occurred_at: self.ctx.now,
        };
        let delivery = Delivery::DomainEvent {
            event_type: event_type.to_string(),
            cloud_event: cloud_event(&row),
        };
        self.set.push(Part::Event, &row);
        self.events.push(event_type);
        self.last_event = Some(id);
        self.owe(&delivery, self.ctx.now);
    }

    /// Owes a delivery from `available_at` on.
    pub(crate) fn owe(&mut self, delivery: &Delivery, available_at: Timestamp) {
        let order = &self.aggregate.order;
        let row = OutboxRow {
            tenant_id: order.tenant.to_string(),
            id: Uuid::now_v7(),
            kind: delivery.kind(),
            lane: delivery.lane(order.id),
            order_id: order.id.as_uuid(),
            payload: serde_json::to_value(delivery).unwrap_or(Value::Null),
            available_at,
            created_at: self.ctx.now,
        };
        self.set.push(Part::Outbox, &row);
        self.owed.push(delivery.what());
    }

    /// Brings the order's status in line with its facts, or sets a terminal one.
    pub(crate) fn refresh_status(&mut self, terminal: Option<OrderStatus>) {
        let facts = self.aggregate.facts();
        let before = self.aggregate.order.status;
        let next = match terminal {
            Some(status) => status,
            None if before.is_terminal() => before,
            None => derive_status(&facts),
        };
        if next != before {
            let id = self.aggregate.order.id.as_uuid();
            self.transition(("ORDER", id), (Some(before.as_str()), next.as_str()), None);
            self.aggregate.order.status = next;
        }
    }

    fn transition(
        &mut self,
        (subject_type, subject_id): (&'static str, Uuid),
        (from_status, to_status): (Option<&'static str>, &'static str),
        reason: Option<String>,
    ) {
        let order = &self.aggregate.order;
        let row = TransitionRow {
            tenant_id: order.tenant.to_string(),
            id: Uuid::now_v7(),
            order_id: order.id.as_uuid(),
            subject_type,
            subject_id,
            from_status,
            to_status,
            command: self.command,
            actor_name: self.ctx.actor.name.clone(),
            reason,
            order_version: order.version,
            event_id: self.last_event,
            occurred_at: self.ctx.now,
        };
        self.set.push(Part::Transition, &row);
    }

    /// Moves the plan to another status.
    pub(crate) fn set_plan_status(&mut self, next: PlanStatus) {
        let now = self.ctx.now;
        let Some(plan) = self.aggregate.plan.as_mut() else { return };
        let (id, before) = (plan.id, plan.status);
        plan.status = next;
        plan.is_changed = true;
        match next {
            PlanStatus::Released => plan.released_at = Some(now),
            PlanStatus::Completed => plan.completed_at = Some(now),
            PlanStatus::Created | PlanStatus::Frozen | PlanStatus::Cancelled => {}
        }
        self.transition(("PLAN", id.as_uuid()), (Some(before.as_str()), next.as_str()), None);
    }

    /// Completes a released plan whose last step settled, and owes the process the message.
    pub(crate) fn complete_plan_if_done(&mut self) {
        let is_done = self
            .aggregate
            .plan
            .as_ref()
            .is_some_and(|x| x.status == PlanStatus::Released && x.remaining_step_count == 0);
        if is_done {
            self.set_plan_status(PlanStatus::Completed);
            // Bug 5 tells the engine from in here, and so nothing is owed.
            if !SeededBug::CorrelateInCallback.is_present() {
                self.owe_plan_message();
            }
        }
    }

    /// Owes the process the message that its plan is completed.
    pub(crate) fn owe_plan_message(&mut self) {
        if let Some(plan) = &self.aggregate.plan {
            let delivery = Delivery::PlanCompleted { fulfillment_plan_id: plan.id };
            self.owe(&delivery, self.ctx.now);
        }
    }

    /// Owes the process the openings of open cases that it heard of by message.
    pub(crate) fn owe_openings(&mut self) {
        let by_message = |x: &&CaseRow| x.engine_anchor == EngineAnchor::Message;
        let cases: Vec<_> = self.aggregate.cases.iter().filter(by_message).map(|x| x.id).collect();
        for fallout_case_id in cases {
            self.owe(&Delivery::FalloutOpened { fallout_case_id }, self.ctx.now);
        }
    }

    /// Writes the order row and the audit entry. Every command ends here, refused ones too.
    pub(crate) fn finish(mut self, outcome: &AuditOutcome) -> OrderAggregate {
        self.write_lines_and_plan();
        let order = &mut self.aggregate.order;
        let tenant = order.tenant.to_string();
        let head = ChainHead {
            tenant: &tenant,
            chain_id: order.id.as_uuid(),
            sequence: order.audit_sequence,
            previous_hash: &order.audit_head,
        };
        let entry = next_entry(&head, self.ctx, self.command, outcome, Some(order.version));
        order.audit_sequence = entry.sequence;
        order.audit_head.clone_from(&entry.hash);
        self.set.push(Part::Audit, &entry);
        let update = OrderUpdate {
            tenant_id: tenant,
            id: order.id.as_uuid(),
            status: order.status.as_str(),
            version: order.version,
            catalogue_version: order.catalogue_version,
            open_blocking_case_count: order.open_blocking_case_count,
            validated_at: order.validated_at,
            decomposed_at: order.decomposed_at,
            planned_at: order.planned_at,
            released_at: order.released_at,
            billing_settled_at: order.billing_settled_at,
            completed_at: order.completed_at,
            failed_at: order.failed_at,
            updated_at: self.ctx.now,
            audit_sequence: order.audit_sequence,
            audit_head: order.audit_head.clone(),
        };
        self.set.push(Part::OrderUpdate, &update);
        self.aggregate
    }

    fn write_lines_and_plan(&mut self) {
        let tenant = self.tenant();
        let now = self.ctx.now;
        for line in self.aggregate.lines.iter().filter(|x| x.is_changed) {
            self.set.push(Part::LineUpdate, &line_update(&tenant, line, now));
        }
        if let Some(plan) = self.aggregate.plan.as_ref().filter(|x| x.is_changed) {
            self.set.push(Part::PlanUpdate, &plan_update(&tenant, plan));
        }
        for step in self.aggregate.steps.iter().filter(|x| x.is_changed) {
            let part = match step.held_cause {
                Some(_) => Part::HeldStepUpdate,
                None => Part::StepUpdate,
            };
            self.set.push(part, &step_update(&tenant, step, now));
        }
    }

    /// The open case with this cause, if there is one.
    ///
    /// A release ago the cause of a step's case named the generation too.
    pub(crate) fn open_case_of(&self, cause: &str) -> Option<FalloutCaseId> {
        let is_this = |x: &&CaseRow| {
            let rest = x.cause.strip_prefix(cause);
            rest.is_some_and(|x| x.is_empty() || (x.starts_with(':') && cause.starts_with("step:")))
        };
        self.aggregate.cases.iter().find(is_this).map(|x| x.id)
    }
}
