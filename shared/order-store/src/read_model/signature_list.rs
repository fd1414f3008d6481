//! Open cases of one tenant by what went wrong, the most orders first.

use jiff::Timestamp;
use order_domain::ids::{FalloutCaseId, OrderId};
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

/// Reads each open case once, and no closed one.
pub(crate) const LIST_SIGNATURES: &str = r"
    select c.failure_signature, split_part(c.failure_signature, '/', 1) as target_system,
           split_part(c.failure_signature, '/', 2) as operation, min(c.reason_code) as reason_code,
           count(distinct c.order_id)::integer as order_count, count(*)::integer as case_count,
           min(c.opened_at) as first_opened_at, max(c.opened_at) as last_opened_at,
           (array_agg(c.order_id order by c.opened_at, c.id))[1] as oldest_order_id,
           (array_agg(c.id order by c.opened_at, c.id))[1] as oldest_case_id
    from order_fallout_case c
    where c.tenant_id = $1 and c.status not in ('RESOLVED', 'CANCELLED') and c.failure_signature is not null
      and ($3::text is null or c.failure_signature ~>=~ ($3 || '/') and c.failure_signature ~<~ ($3 || '0'))
    group by c.failure_signature
    order by order_count desc, first_opened_at, c.failure_signature
    limit $2";

/// Open cases that have system, operation and reason in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SignatureSummary {
    /// System, operation and reason.
    pub failure_signature: String,
    /// The system.
    pub target_system: String,
    /// What it was asked to do.
    pub operation: String,
    /// Why the cases were opened.
    pub reason_code: String,
    /// How many orders have one of them.
    pub order_count: u32,
    /// How many there are.
    pub case_count: u32,
    /// When the oldest was opened.
    pub first_opened_at: Timestamp,
    /// When the newest was opened.
    pub last_opened_at: Timestamp,
    /// The order of the oldest.
    pub oldest_order_id: OrderId,
    /// The oldest.
    pub oldest_case_id: FalloutCaseId,
}

impl SignatureSummary {
    /// What an operator reads, for example
    /// `218 orders, PROVISIONING activate: RETRIES_EXHAUSTED since 2026-11-27T10:42:00Z`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let orders = if self.order_count == 1 { "order" } else { "orders" };
        let Self { order_count, target_system, operation, reason_code, .. } = self;
        // To the second: more would not help anybody.
        let since = Timestamp::from_second(self.first_opened_at.as_second());
        let since = since.unwrap_or(self.first_opened_at);
        format!("{order_count} {orders}, {target_system} {operation}: {reason_code} since {since}")
    }
}

impl TryFrom<&Row> for SignatureSummary {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("order_fallout_case", row);
        Ok(Self {
            failure_signature: r.get("failure_signature")?,
            target_system: r.get("target_system")?,
            operation: r.get("operation")?,
            reason_code: r.get("reason_code")?,
            order_count: r.count("order_count")?,
            case_count: r.count("case_count")?,
            first_opened_at: r.get("first_opened_at")?,
            last_opened_at: r.get("last_opened_at")?,
            oldest_order_id: OrderId::from_uuid(r.get("oldest_order_id")?),
            oldest_case_id: FalloutCaseId::from_uuid(r.get("oldest_case_id")?),
        })
    }
}

/// The signatures of the most orders, of one target system if said, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_signatures(
    tx: TenantTx,
    target_system: Option<&str>,
    limit: u16,
) -> Result<Vec<SignatureSummary>, StoreError> {
    let tenant = tx.tenant.clone();
    let limit = i64::from(limit);
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&limit as _, Type::INT8),
        (&target_system as _, Type::TEXT),
    ];
    let rows = tx.run_alone("list_signatures", LIST_SIGNATURES, &params).await?;
    rows.iter().map(SignatureSummary::try_from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(order_count: u32) -> SignatureSummary {
        SignatureSummary {
            failure_signature: "PROVISIONING/activate/RETRIES_EXHAUSTED".to_owned(),
            target_system: "PROVISIONING".to_owned(),
            operation: "activate".to_owned(),
            reason_code: "RETRIES_EXHAUSTED".to_owned(),
            order_count,
            case_count: 220,
            first_opened_at: "2026-11-27T10:42:00.123Z".parse().unwrap(),
            last_opened_at: "2026-11-27T11:42:00Z".parse().unwrap(),
            oldest_order_id: OrderId::from_uuid(uuid::Uuid::nil()),
            oldest_case_id: FalloutCaseId::from_uuid(uuid::Uuid::nil()),
        }
    }

    #[test]
    fn a_sentence_says_how_many_orders_met_what_and_since_when() {
        let rest = "PROVISIONING activate: RETRIES_EXHAUSTED since 2026-11-27T10:42:00Z";

        assert_eq!(summary(218).sentence(), format!("218 orders, {rest}"));
        assert_eq!(summary(1).sentence(), format!("1 order, {rest}"));
    }
}
