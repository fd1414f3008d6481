//! What a topic function must know about its order besides its command.
//!
//! Two small reads, one round trip each: the keys of the order in the source systems, which the
//! process does not carry (§6), and whether a customer communication of it is still open.

use jiff::Timestamp;
use order_domain::ids::OrderId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

pub(crate) const FIND: &str = r"
    select o.quote_id, o.quote_revision, o.customer_id, o.billing_account_id, o.version
    from product_order o
    where o.tenant_id = $1 and o.id = $2";

/// An open communication is due when its lease ends or its check comes, else at once.
pub(crate) const NEXT_OPEN_COMMUNICATION: &str = r"
    select min(coalesce(n.leased_until, n.next_check_at, n.created_at)) as due_at
    from customer_notification n
    where n.tenant_id = $1 and n.order_id = $2 and n.status in ('SCHEDULED', 'SENDING', 'UNKNOWN')";

/// The keys of an order in the systems that it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReference {
    /// The quote.
    pub quote_id: String,
    /// Its accepted revision.
    pub quote_revision: u32,
    /// The customer.
    pub customer_id: String,
    /// The account that is billed.
    pub billing_account_id: String,
    /// The order's version when it was read.
    pub order_version: i64,
}

impl TryFrom<&Row> for OrderReference {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("product_order", row);
        Ok(Self {
            quote_id: r.get("quote_id")?,
            quote_revision: r.count("quote_revision")?,
            customer_id: r.get("customer_id")?,
            billing_account_id: r.get("billing_account_id")?,
            order_version: r.get("version")?,
        })
    }
}

/// The references of an order; `None` when the tenant has no such order.
///
/// # Errors
/// Technical failures of the store.
pub async fn find(tx: TenantTx, order_id: OrderId) -> Result<Option<OrderReference>, StoreError> {
    let tenant = tx.tenant.clone();
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
    let rows = tx.run_alone("find_order_reference", FIND, &params).await?;
    rows.first().map(OrderReference::try_from).transpose()
}

/// When the next open communication of an order is due; `None` when none is open.
///
/// # Errors
/// Technical failures of the store.
pub async fn next_open_communication(
    tx: TenantTx,
    order_id: OrderId,
) -> Result<Option<Timestamp>, StoreError> {
    let tenant = tx.tenant.clone();
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
    let rows = tx.run_alone("next_open_communication", NEXT_OPEN_COMMUNICATION, &params).await?;
    let row = rows.first().ok_or(StoreError::NotFound { what: "the next communication" })?;
    Reader::new("customer_notification", row).get("due_at")
}
