//! Customer communication (§23): SCHEDULED with the order's end, sent by the notification topic.
//!
//! The same rules as for a step: the request id is stored before the call, and while the outcome is
//! unknown nothing is sent again without a query. One that stays unknown is given up, with an incident.

use jiff::{SignedDuration, Timestamp};
use order_domain::ids::{NotificationId, OrderId, RequestId};
use order_domain::tenant::TenantId;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::RequestAttempt;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

/// Claims what is due: scheduled ones, unknown ones whose check is due, and expired leases.
pub(crate) const BEGIN: &str = r"
    with due as (
        select n.tenant_id, n.id, n.status
        from customer_notification n
        where n.tenant_id = $1 and n.order_id = $2
          and (n.status = 'SCHEDULED' or (n.status = 'SENDING' and n.leased_until < $3)
               or (n.status = 'UNKNOWN' and n.next_check_at <= $3))
        for update),
    claimed as (
        update customer_notification n
        set status = 'SENDING', leased_until = $4, lease_epoch = n.lease_epoch + 1,
            request_id = coalesce(n.request_id, $5), attempt_count = n.attempt_count + 1, updated_at = $3
        from due d
        where n.tenant_id = d.tenant_id and n.id = d.id
        returning n.tenant_id, n.id, n.order_id, n.kind, n.request_id, n.lease_epoch, n.check_count,
            n.first_absent_at, d.status as status_before),
    requested as (
        insert into external_request (tenant_id, request_id, subject_type, subject_id, generation, order_id,
            target_system, operation, status, created_at, updated_at)
        select c.tenant_id, c.request_id, 'NOTIFICATION', c.id, 1, c.order_id, 'NOTIFICATION', $6, 'SENDING', $3, $3
        from claimed c
        on conflict (tenant_id, request_id) do update set status = 'SENDING', updated_at = excluded.updated_at)
    select c.id, c.kind, c.request_id, c.lease_epoch, c.status_before <> 'SCHEDULED' as must_query,
           c.check_count, c.first_absent_at,
           o.order_number, o.customer_id, t.settings as target_settings
    from claimed c
    join product_order o on o.tenant_id = c.tenant_id and o.id = c.order_id
    left join target_system t on t.tenant_id = c.tenant_id and t.system = 'NOTIFICATION'";

pub(crate) const RECORD: &str = r"
    with recorded as (
        update customer_notification n
        set status = $5, leased_until = null, next_check_at = $6, updated_at = $4,
            external_reference = coalesce($7, n.external_reference), check_count = $9,
            first_absent_at = $10, failure_reason = $11
        where n.tenant_id = $1 and n.id = $2 and n.lease_epoch = $3 and n.status = 'SENDING'
        returning n.tenant_id, n.id, n.order_id, n.request_id, n.status),
    requested as (
        update external_request r
        set status = $8, external_reference = coalesce($7, r.external_reference), updated_at = $4
        from recorded x
        where r.tenant_id = x.tenant_id and r.request_id = x.request_id),
    -- the calls were made, whoever holds the claim now
    attempts as (
        insert into external_request_attempt (tenant_id, id, request_id, kind, started_at, duration_ms,
            http_status, failure_class)
        select n.tenant_id, k.id, n.request_id, k.kind, k.started_at, k.duration_ms, k.http_status, k.failure_class
        from unnest($12::uuid[], $13::text[], $14::timestamptz[], $15::int[], $16::int[], $17::text[])
            as k(id, kind, started_at, duration_ms, http_status, failure_class)
        join customer_notification n on n.tenant_id = $1 and n.id = $2),
    given_up as (
        insert into platform_incident (tenant_id, id, kind, cause, target_system, operation, failure_signature,
            order_id, severity, detail, occurrence_count, first_seen_at, last_seen_at)
        select x.tenant_id, gen_random_uuid(), 'NOTIFICATION_UNKNOWN', 'notification:' || x.id, 'NOTIFICATION',
            'send-order-update', 'UNKNOWN_OUTCOME', x.order_id, 'MAJOR', $11, 1, $4, $4
        from recorded x
        where x.status = 'FAILED' and $8 = 'UNKNOWN'
        on conflict (tenant_id, kind, cause) where resolved_at is null do update
        set occurrence_count = platform_incident.occurrence_count + 1, last_seen_at = excluded.last_seen_at,
            detail = excluded.detail)
    select count(*)::integer as recorded from recorded";

/// A claimed communication: send it, or ask about it first.
#[derive(Debug, Clone)]
pub struct NotificationAttempt {
    /// The communication.
    pub id: NotificationId,
    /// What it tells, for example `ORDER_COMPLETED`.
    pub kind: String,
    /// Our id of the call.
    pub request_id: RequestId,
    /// Fencing number of the claim.
    pub lease_epoch: i64,
    /// It may have been sent before: query first.
    pub must_query: bool,
    /// Checks without a usable answer so far.
    pub check_count: u32,
    /// When the system first said, since the last send, that it never saw it.
    pub first_absent_at: Option<Timestamp>,
    /// The number that people use.
    pub order_number: String,
    /// The customer.
    pub customer_id: String,
    /// The notification system's settings; `None` where the tenant has none.
    pub target_settings: Option<Value>,
}

impl TryFrom<&Row> for NotificationAttempt {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("customer_notification", row);
        Ok(Self {
            id: NotificationId::from_uuid(r.get("id")?),
            kind: r.get("kind")?,
            request_id: RequestId::from_uuid(r.get("request_id")?),
            lease_epoch: r.get("lease_epoch")?,
            must_query: r.get("must_query")?,
            check_count: r.count("check_count")?,
            first_absent_at: r.get("first_absent_at")?,
            order_number: r.get("order_number")?,
            customer_id: r.get("customer_id")?,
            target_settings: r.get("target_settings")?,
        })
    }
}

/// What became of a communication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationResult {
    /// The system took it.
    Sent {
        /// The system's id.
        external_reference: Option<String>,
    },
    /// Provably not sent; send it again later.
    NotSent,
    /// Nobody knows; ask at this time.
    Unknown {
        /// When to ask.
        check_at: Timestamp,
        /// Checks without a usable answer, this one included.
        check_count: u32,
        /// When the system first said, since the last send, that it never saw it.
        first_absent_at: Option<Timestamp>,
    },
    /// The system refused it for good.
    Refused {
        /// Its code.
        code: String,
    },
    /// Nobody will find out: a person is told by an incident.
    GivenUp {
        /// What was tried, without any body.
        reason: String,
    },
}

/// Claims the order's due communications in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn begin_notifications(
    tx: TenantTx,
    order_id: OrderId,
    ctx: &CommandContext,
    lease: SignedDuration,
) -> Result<Vec<NotificationAttempt>, StoreError> {
    let tenant = tx.tenant.clone();
    let leased_until = ctx.now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let request_id = Uuid::now_v7();
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&order_id.as_uuid() as _, Type::UUID),
        (&ctx.now as _, Type::TIMESTAMPTZ),
        (&leased_until as _, Type::TIMESTAMPTZ),
        (&request_id as _, Type::UUID),
        (&"send-order-update" as _, Type::TEXT),
    ];
    let rows = tx.run_alone("begin_notifications", BEGIN, &params).await?;
    rows.iter().map(NotificationAttempt::try_from).collect()
}

/// Records what became of a claimed communication, and the calls that it took.
///
/// # Errors
/// Technical failures of the store.
pub async fn record_notification(
    tx: TenantTx,
    ctx: &CommandContext,
    (id, lease_epoch): (NotificationId, i64),
    (result, attempts): (&NotificationResult, &[RequestAttempt]),
) -> Result<RecordOutcome, StoreError> {
    let tenant: TenantId = tx.tenant.clone();
    let (status, request_status) = match result {
        NotificationResult::Sent { .. } => ("SENT", "COMPLETED"),
        NotificationResult::NotSent => ("SCHEDULED", "NOT_EXECUTED"),
        NotificationResult::Unknown { .. } => ("UNKNOWN", "UNKNOWN"),
        NotificationResult::Refused { .. } => ("FAILED", "REJECTED"),
        NotificationResult::GivenUp { .. } => ("FAILED", "UNKNOWN"),
    };
    let (check_at, check_count, first_absent_at) = match result {
        NotificationResult::Unknown { check_at, check_count, first_absent_at } => {
            let count = i32::try_from(*check_count).unwrap_or(i32::MAX);
            (Some(*check_at), count, *first_absent_at)
        }
        _ => (None, 0, None),
    };
    let reference = match result {
        NotificationResult::Sent { external_reference } => external_reference.clone(),
        _ => None,
    };
    let reason = match result {
        NotificationResult::Refused { code: reason } | NotificationResult::GivenUp { reason } => {
            Some(reason.as_str())
        }
        _ => None,
    };
    let calls = Calls::of(attempts);
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&id.as_uuid() as _, Type::UUID),
        (&lease_epoch as _, Type::INT8),
        (&ctx.now as _, Type::TIMESTAMPTZ),
        (&status as _, Type::TEXT),
        (&check_at as _, Type::TIMESTAMPTZ),
        (&reference as _, Type::TEXT),
        (&request_status as _, Type::TEXT),
        (&check_count as _, Type::INT4),
        (&first_absent_at as _, Type::TIMESTAMPTZ),
        (&reason as _, Type::TEXT),
        (&calls.ids as _, Type::UUID_ARRAY),
        (&calls.kinds as _, Type::TEXT_ARRAY),
        (&calls.started_at as _, Type::TIMESTAMPTZ_ARRAY),
        (&calls.duration_ms as _, Type::INT4_ARRAY),
        (&calls.http_statuses as _, Type::INT4_ARRAY),
        (&calls.failure_classes as _, Type::TEXT_ARRAY),
    ];
    let rows = tx.run_alone("record_notification", RECORD, &params).await?;
    let row = rows.first().ok_or(StoreError::NotFound { what: "the notification" })?;
    let recorded = Reader::new("customer_notification", row).count("recorded")?;
    Ok(if recorded == 1 { RecordOutcome::Recorded } else { RecordOutcome::LeaseLost })
}

/// Calls, column by column.
struct Calls {
    ids: Vec<Uuid>,
    kinds: Vec<&'static str>,
    started_at: Vec<Timestamp>,
    duration_ms: Vec<i32>,
    http_statuses: Vec<Option<i32>>,
    failure_classes: Vec<Option<&'static str>>,
}

impl Calls {
    fn of(attempts: &[RequestAttempt]) -> Self {
        let duration = |x: &RequestAttempt| i32::try_from(x.duration_ms).unwrap_or(i32::MAX);
        Self {
            ids: attempts.iter().map(|_| Uuid::now_v7()).collect(),
            kinds: attempts.iter().map(|x| x.kind).collect(),
            started_at: attempts.iter().map(|x| x.started_at).collect(),
            duration_ms: attempts.iter().map(duration).collect(),
            http_statuses: attempts.iter().map(|x| x.http_status.map(i32::from)).collect(),
            failure_classes: attempts.iter().map(|x| x.failure_class.map(|y| y.as_str())).collect(),
        }
    }
}

/// Whether a claimed communication's result was still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RecordOutcome {
    /// Written.
    Recorded,
    /// The claim ran out; somebody else decides.
    LeaseLost,
}
