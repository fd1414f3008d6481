//! Bulk actions to which something can happen, of all tenants.

use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::bulk::BulkStatus;
use order_domain::fallout::FalloutAction;
use order_domain::ids::BulkActionId;
use order_domain::tenant::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::BulkItem;
use crate::commands::{ActOnCase, ActionInput};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// Whoever waited longest has the next turn, of whatever tenant; one that waits for a person is
/// looked at less often.
pub(crate) const TAKE_TURNS: &str = r"
    with turns as (
        select b.tenant_id, b.id
        from bulk_action b
        where b.status not in ('COMPLETED', 'ABORTED')
          and (b.status not in ('PREPARED', 'AWAITING_APPROVAL', 'PAUSED') or b.last_turn_at is null
               or b.last_turn_at <= $2)
        order by b.last_turn_at nulls first
        limit $1
        for update skip locked)
    update bulk_action b
    set last_turn_at = $3
    from turns t
    where b.tenant_id = t.tenant_id and b.id = t.id
    returning b.tenant_id, b.id, b.action, b.input, b.reason_code, b.note, b.status, b.rate_per_minute,
              b.requested_by, b.requested_roles";

/// How often one is looked at that waits for a person.
const WAITING_TURN: SignedDuration = SignedDuration::from_secs(10);

/// A bulk action that is not over.
#[derive(Debug, Clone)]
pub struct LiveBulkAction {
    /// The tenant.
    pub tenant: TenantId,
    /// The bulk action.
    pub id: BulkActionId,
    /// Where it is, as it was read: whoever acts on it looks again under the lock.
    pub status: BulkStatus,
    /// What is done to each case.
    pub action: FalloutAction,
    /// How many a minute, of each target system.
    pub rate_per_minute: u32,
    input: ActionInput,
    reason_code: String,
    note: Option<String>,
    requested_by: String,
    requested_roles: Vec<String>,
}

impl LiveBulkAction {
    /// The action on one of its cases. What changed since it was selected is left alone.
    #[must_use]
    pub fn request(&self, item: &BulkItem) -> ActOnCase {
        ActOnCase {
            order_id: item.order_id,
            case_id: Some(item.fallout_case_id),
            action: self.action,
            expected_version: Some(item.case_version),
            reason_code: self.reason_code.clone(),
            note: self.note.clone(),
            input: self.input.clone(),
            fingerprint: format!("bulk:{}", self.id),
            is_preview: false,
            bulk_action_id: Some(self.id),
        }
    }

    /// In whose name its cases are acted on: of whoever prepared it, by this worker.
    #[must_use]
    pub fn context(&self, worker_id: &str, now: Timestamp) -> CommandContext {
        let actor = Actor::caller(&self.requested_by, self.requested_roles.clone());
        CommandContext::new(Actor { worker_id: Some(worker_id.to_owned()), ..actor }, now)
    }

    /// The same for one case: its key makes a second worker hear what the first one did.
    #[must_use]
    pub fn context_of(&self, item: &BulkItem, worker_id: &str, now: Timestamp) -> CommandContext {
        let key = format!("bulk:{}:{}", self.id, item.fallout_case_id);
        self.context(worker_id, now).with_idempotency_key(key)
    }
}

impl TryFrom<&Row> for LiveBulkAction {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("bulk_action", row);
        Ok(Self {
            tenant: r.parse("tenant_id")?,
            id: BulkActionId::from_uuid(r.get("id")?),
            status: r.parse("status")?,
            action: r.parse("action")?,
            rate_per_minute: r.count("rate_per_minute")?,
            input: r.json("input")?,
            reason_code: r.get("reason_code")?,
            note: r.get("note")?,
            requested_by: r.get("requested_by")?,
            requested_roles: r.get("requested_roles")?,
        })
    }
}

/// Bulk actions whose turn it is, in one round trip, and how many cannot be read.
///
/// # Errors
/// Technical failures of the store.
pub async fn take_turns(
    tx: SystemTx,
    (now, limit): (Timestamp, u32),
) -> Result<(Vec<LiveBulkAction>, usize), StoreError> {
    let limit = i64::from(limit);
    let waited_since = now.checked_sub(WAITING_TURN).unwrap_or(Timestamp::MIN);
    let params = [
        (&limit as _, Type::INT8),
        (&waited_since as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    let rows = tx.run_alone("take_turns", TAKE_TURNS, &params).await?;
    // One that this version cannot read must not stop the others.
    let live: Vec<_> = rows.iter().filter_map(|row| LiveBulkAction::try_from(row).ok()).collect();
    let unreadable = rows.len() - live.len();
    Ok((live, unreadable))
}

pub(super) fn item(row: &Row) -> Result<BulkItem, StoreError> {
    use order_domain::ids::{FalloutCaseId, OrderId};
    let r = Reader::new("bulk_action_item", row);
    Ok(BulkItem {
        position: r.get("position")?,
        order_id: OrderId::from_uuid(r.get("order_id")?),
        fallout_case_id: FalloutCaseId::from_uuid(r.get("fallout_case_id")?),
        case_version: r.get("case_version")?,
    })
}
