//! `outbox_message`: deliveries still owed (§4 §16 §29).
//!
//! Written by commands, in the transaction of what they tell; claimed, delivered and deleted by the
//! relay. Delivery is at least once. Rows of one lane are delivered in order, because only the
//! lowest undelivered row of a lane can be claimed; a dead row holds its own lane and nobody
//! else's. Claims are fair: tenants with due rows take turns. The lease saves work; correctness
//! rests on idempotent receivers.

mod by_cursor;
mod claim;
mod payload;
mod repeat;
mod undelivered;

pub(crate) use claim::CLAIM_DUE;
pub use claim::claim_due;
pub(crate) use payload::case_lane;
pub use payload::{Delivery, StepDispatch};
pub(crate) use repeat::REPEAT_PLAN_MESSAGES;
pub use repeat::repeat_plan_messages;
pub(crate) use undelivered::{BURY, RESCHEDULE};
pub use undelivered::{Burial, PutOff, bury, reschedule};

use jiff::Timestamp;
use order_domain::ids::{OrderId, OutboxMessageId};
use order_domain::tenant::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// Delivered rows go; a dispatched step remembers when, so that a lost message is noticed.
pub(crate) const DELETE_DELIVERED: &str = r"
    with done as (
        delete from outbox_message m
        using unnest($1::text[], $2::uuid[], $3::bigint[]) as k(tenant_id, id, lease_epoch)
        where m.tenant_id = k.tenant_id and m.id = k.id and m.lease_epoch = k.lease_epoch
        returning m.tenant_id, m.id, m.kind, m.payload),
    dispatched as (
        update fulfillment_step s
        set dispatched_at = $4
        from done d
        where d.kind = 'STEP_DISPATCH' and s.tenant_id = d.tenant_id
          and s.id = (d.payload->>'fulfillmentStepId')::uuid and s.status = 'READY')
    select d.id from done d";

/// Reads the whole table, which holds only what is owed: once in a run, not in a round.
pub(crate) const COUNT_OWED: &str = r"
    select count(*) as owed, min(created_at) filter (where dead_at is null) as oldest_at
    from outbox_message";

/// A claimed delivery.
#[derive(Debug, Clone)]
pub struct ClaimedMessage {
    /// The tenant.
    pub tenant: TenantId,
    /// The order that it is about.
    pub order_id: OrderId,
    /// What is owed.
    pub delivery: Delivery,
    /// Tries so far, this one included.
    pub attempt_count: u32,
    /// Nobody needs it any more: the step that it dispatches was taken up after an earlier try.
    pub is_moot: bool,
    sequence: i64,
    lease: OutboxLease,
}

/// The right to finish one claimed delivery; finishing without claiming does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxLease {
    tenant: TenantId,
    id: OutboxMessageId,
    lease_epoch: i64,
}

impl ClaimedMessage {
    /// The lease that finishing needs.
    #[must_use]
    pub const fn lease(&self) -> &OutboxLease {
        &self.lease
    }
}

impl TryFrom<&Row> for ClaimedMessage {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("outbox_message", row);
        let tenant: TenantId = r.parse("tenant_id")?;
        Ok(Self {
            tenant: tenant.clone(),
            order_id: OrderId::from_uuid(r.get("order_id")?),
            delivery: r.json("payload")?,
            attempt_count: r.count("attempt_count")?,
            is_moot: r.get("is_moot")?,
            sequence: r.get("sequence")?,
            lease: OutboxLease {
                tenant,
                id: OutboxMessageId::from_uuid(r.get("id")?),
                lease_epoch: r.get("lease_epoch")?,
            },
        })
    }
}

/// Whether a claim still held when it was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum FinishOutcome {
    /// Written.
    Recorded,
    /// Somebody else claimed the row after the lease ran out; they will finish it.
    LeaseLost,
}

/// Deletes delivered rows; a row whose lease was lost stays for its new holder. Returns how many went.
///
/// # Errors
/// Technical failures of the store; the rows are then delivered again.
pub async fn delete_delivered(
    tx: SystemTx,
    now: Timestamp,
    leases: &[&OutboxLease],
) -> Result<usize, StoreError> {
    let tenants: Vec<&str> = leases.iter().map(|x| x.tenant.as_str()).collect();
    let ids: Vec<Uuid> = leases.iter().map(|x| x.id.as_uuid()).collect();
    let epochs: Vec<i64> = leases.iter().map(|x| x.lease_epoch).collect();
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&ids as _, Type::UUID_ARRAY),
        (&epochs as _, Type::INT8_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    Ok(tx.run_alone("delete_delivered", DELETE_DELIVERED, &params).await?.len())
}

/// What is owed at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// Deliveries, dead ones included.
    pub count: i64,
    /// When the oldest that is not dead became owed; being put off makes it no younger.
    pub oldest_at: Option<Timestamp>,
}

/// How many deliveries are owed, and since when the oldest is.
///
/// # Errors
/// Technical failures of the store.
pub async fn count_owed(tx: SystemTx) -> Result<Owed, StoreError> {
    let rows = tx.run_alone("count_owed", COUNT_OWED, &[]).await?;
    let row = rows.first().ok_or(StoreError::NotFound { what: "a count" })?;
    let r = Reader::new("outbox_message", row);
    Ok(Owed { count: r.get("owed")?, oldest_at: r.get("oldest_at")? })
}
