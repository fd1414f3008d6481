//! Intake: an accepted quote becomes an order, in two round trips (§4, SYSTEM §10).
//!
//! Round trip 1 claims the caller's key as RUNNING with a lease, or returns what was stored under
//! it. Then the CPQ is asked. Round trip 2 writes order, lines, snapshot, event, deliveries and the
//! key's result in ONE data-modifying statement.

mod draft;
mod key;

pub use draft::{NewOrderLine, OrderDraft};
pub(crate) use key::{CLAIM_KEY, RELEASE_KEY};
pub use key::{KeyClaim, claim_intake_key, refuse_order, release_intake_key};

use fault_points::{CrashPoint, reach};
use order_domain::event::DomainEventType;
use order_domain::ids::{CorrelationId, OrderId};
use order_domain::line::LineStatus;
use order_domain::order::OrderStatus;
use serde_json::{Value, json};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::audit::{AuditOutcome, ChainHead, GENESIS, next_entry};
use crate::change::cloud_event;
use crate::change_set::{
    ChangeSet, EventRow, IdempotencyFinish, NewLine, NewOrder, NewSnapshot, OutboxRow, Part,
    TransitionRow,
};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::INTAKE_SCOPE;
use crate::outbox::Delivery;
use crate::row::Reader;
use crate::tx::TenantTx;

pub(crate) const FIND_ORDER_OF_QUOTE: &str = r"
    select o.id
    from product_order o
    where o.tenant_id = $1 and o.quote_id = $2 and o.quote_revision = $3
      and o.status not in ('CANCELLED', 'FAILED')";

/// What creating an order did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum CreateOutcome {
    /// Written; the response under the key is stored with it.
    Created,
    /// A live order of the same quote revision exists.
    OrderExists(OrderId),
    /// The key's lease ran out and somebody else answers under it: ask again.
    KeyLost,
}

/// Writes the order of an accepted quote. `response` is kept under the key with status 201.
///
/// # Errors
/// Technical failures of the store; nothing was written then.
pub async fn create_order_from_quote(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    draft: &OrderDraft,
    (lease_epoch, response): (i64, &Value),
) -> Result<CreateOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let mut set = ChangeSet::default();
    push_order(&mut set, tenant.as_str(), ctx, draft);
    let finish = IdempotencyFinish {
        tenant_id: tenant.to_string(),
        scope: INTAKE_SCOPE,
        key: ctx.idempotency_key.clone().unwrap_or_default(),
        lease_epoch,
        result_status: 201,
        result: response.clone(),
    };
    set.push(Part::FinishIdempotency, &finish);
    reach(CrashPoint::IntakeBeforeCommit).await?;
    match set.write_alone(&mut tenant_tx, "create_order_from_quote").await {
        Ok(()) => Ok(CreateOutcome::Created),
        Err(error) => match error.constraint() {
            Some("one_live_order_per_quote_revision") => {
                find_existing(tenant_tx, &draft.quote_id, draft.quote_revision).await
            }
            // The order was not inserted because the key is not ours any more.
            Some(
                "line_belongs_to_an_order"
                | "quote_snapshot_belongs_to_an_order"
                | "event_belongs_to_an_order"
                | "transition_belongs_to_an_order",
            ) => Ok(CreateOutcome::KeyLost),
            _ => Err(error),
        },
    }
}

async fn find_existing(
    tx: TenantTx,
    quote_id: &str,
    revision: i32,
) -> Result<CreateOutcome, StoreError> {
    let tenant = tx.tenant.clone();
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&quote_id as _, Type::TEXT),
        (&revision as _, Type::INT4),
    ];
    let rows = tx.run_alone("find_order_of_quote", FIND_ORDER_OF_QUOTE, &params).await?;
    match rows.first() {
        Some(row) => {
            let id = Reader::new("product_order", row).get("id")?;
            Ok(CreateOutcome::OrderExists(OrderId::from_uuid(id)))
        }
        // It was cancelled in between: the caller asks again and will succeed.
        None => Ok(CreateOutcome::KeyLost),
    }
}

fn push_order(set: &mut ChangeSet, tenant: &str, ctx: &CommandContext, draft: &OrderDraft) {
    let order_id = draft.order_id.as_uuid();
    let head = ChainHead { tenant, chain_id: order_id, sequence: 0, previous_hash: GENESIS };
    let audit = next_entry(&head, ctx, "create_order_from_quote", &AuditOutcome::Applied, Some(1));
    let order = NewOrder {
        tenant_id: tenant.to_owned(),
        id: order_id,
        order_number: draft.order_number.clone(),
        quote_id: draft.quote_id.clone(),
        quote_revision: draft.quote_revision,
        customer_id: draft.customer_id.clone(),
        billing_account_id: draft.billing_account_id.clone(),
        status: OrderStatus::Created.as_str(),
        version: 1,
        correlation_id: draft.correlation_id.as_uuid(),
        created_at: ctx.now,
        updated_at: ctx.now,
        audit_sequence: audit.sequence,
        audit_head: audit.hash.clone(),
    };
    set.push(Part::NewOrder, &order);
    set.push(Part::Audit, &audit);
    push_contents(set, tenant, ctx, draft);
    push_event(set, ctx, &order);
    let start = Delivery::WorkflowStart {
        order_version: 1,
        correlation_id: CorrelationId::from_uuid(order.correlation_id),
        resume_at: None,
    };
    push_delivery(set, ctx, &order, &start);
}

fn push_contents(set: &mut ChangeSet, tenant: &str, ctx: &CommandContext, draft: &OrderDraft) {
    let order_id = draft.order_id.as_uuid();
    let snapshot = NewSnapshot {
        tenant_id: tenant.to_owned(),
        order_id,
        document: draft.quote_document.clone(),
        digest: draft.quote_digest.clone(),
        read_at: ctx.now,
    };
    set.push(Part::NewSnapshot, &snapshot);
    for line in &draft.lines {
        let row = NewLine {
            tenant_id: tenant.to_owned(),
            id: line.id.as_uuid(),
            order_id,
            line_number: line.line_number,
            quote_item_id: line.quote_item_id.clone(),
            parent_line_id: line.parent_line_id.map(|x| x.as_uuid()),
            product_code: line.product_code.clone(),
            action: line.action.to_string(),
            quantity: line.quantity,
            recurring_amount_minor: line.recurring_price.map(|x| x.amount_minor()),
            one_time_amount_minor: line.one_time_price.map(|x| x.amount_minor()),
            currency: line
                .recurring_price
                .or(line.one_time_price)
                .map(|x| x.currency().to_string()),
            characteristics: line.characteristics.clone(),
            previous_characteristics: line.previous_characteristics.clone(),
            product_instance_id: line.product_instance_id.clone(),
            is_mandatory: line.is_mandatory,
            status: LineStatus::NotStarted.as_str(),
            updated_at: ctx.now,
        };
        set.push(Part::NewLine, &row);
    }
}

fn push_event(set: &mut ChangeSet, ctx: &CommandContext, order: &NewOrder) {
    let event = EventRow {
        tenant_id: order.tenant_id.clone(),
        id: Uuid::now_v7(),
        order_id: order.id,
        order_version: 1,
        event_type: DomainEventType::OrderCreated.as_str(),
        data: json!({ "orderNumber": order.order_number, "quoteId": order.quote_id,
            "quoteRevision": order.quote_revision }),
        correlation_id: order.correlation_id,
        traceparent: ctx.traceparent.clone(),
        occurred_at: ctx.now,
    };
    set.push(Part::Event, &event);
    let transition = TransitionRow {
        tenant_id: order.tenant_id.clone(),
        id: Uuid::now_v7(),
        order_id: order.id,
        subject_type: "ORDER",
        subject_id: order.id,
        from_status: None,
        to_status: order.status,
        command: "create_order_from_quote",
        actor_name: ctx.actor.name.clone(),
        reason: None,
        order_version: 1,
        event_id: Some(event.id),
        occurred_at: ctx.now,
    };
    set.push(Part::Transition, &transition);
    let delivery = Delivery::DomainEvent {
        event_type: event.event_type.to_owned(),
        cloud_event: cloud_event(&event),
    };
    push_delivery(set, ctx, order, &delivery);
}

fn push_delivery(set: &mut ChangeSet, ctx: &CommandContext, order: &NewOrder, delivery: &Delivery) {
    let row = OutboxRow {
        tenant_id: order.tenant_id.clone(),
        id: Uuid::now_v7(),
        kind: delivery.kind(),
        lane: delivery.lane(OrderId::from_uuid(order.id)),
        order_id: order.id,
        payload: serde_json::to_value(delivery).unwrap_or(Value::Null),
        available_at: ctx.now,
        created_at: ctx.now,
    };
    set.push(Part::Outbox, &row);
}
