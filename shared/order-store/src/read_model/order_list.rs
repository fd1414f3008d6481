//! Orders of one tenant, newest first, page by page.

use jiff::Timestamp;
use order_domain::ids::OrderId;
use order_domain::order::OrderStatus;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

/// Walks `product_order_newest` from the position on, or `orders_of_a_status` with a status: a late
/// page costs what the first one costs, and orders of other statuses cost nothing. The two are one
/// statement because every execution is planned with its values, so what is null is left out.
pub(crate) const LIST_ORDERS: &str = r"
    select o.id, o.order_number, o.quote_id, o.quote_revision, o.customer_id, o.status, o.version,
           o.open_blocking_case_count, o.created_at, o.updated_at, o.completed_at
    from product_order o
    where o.tenant_id = $1
      and ($2::text is null or o.status = $2)
      and ($3::timestamptz is null or (o.created_at, o.id) < ($3, $4::uuid))
    order by o.created_at desc, o.id desc
    limit $5";

/// Which orders to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only orders with this status.
    pub status: Option<OrderStatus>,
    /// Only orders behind this one.
    pub after: Option<OrderPosition>,
    /// At most so many.
    pub limit: u16,
}

/// A place in the list, newest first; the id decides between orders of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderPosition {
    /// When the order was created.
    pub created_at: Timestamp,
    /// The order.
    pub order_id: OrderId,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPage {
    /// The orders, newest first.
    pub orders: Vec<OrderSummary>,
    /// The last order shown, if more follow.
    pub next: Option<OrderPosition>,
}

/// One order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderSummary {
    /// The order.
    pub order_id: OrderId,
    /// The number that people use.
    pub order_number: String,
    /// The quote it came from.
    pub quote_id: String,
    /// The quote's revision.
    pub quote_revision: i32,
    /// The customer's key in the customer system.
    pub customer_id: String,
    /// Where the order is.
    pub status: OrderStatus,
    /// Rises with every business fact.
    pub version: i64,
    /// How many open cases stand in its way.
    pub open_blocking_case_count: u32,
    /// When the quote became an order.
    pub created_at: Timestamp,
    /// When anything in it changed last.
    pub updated_at: Timestamp,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
}

impl TryFrom<&Row> for OrderSummary {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("product_order", row);
        Ok(Self {
            order_id: OrderId::from_uuid(r.get("id")?),
            order_number: r.get("order_number")?,
            quote_id: r.get("quote_id")?,
            quote_revision: r.get("quote_revision")?,
            customer_id: r.get("customer_id")?,
            status: r.parse("status")?,
            version: r.get("version")?,
            open_blocking_case_count: r.count("open_blocking_case_count")?,
            created_at: r.get("created_at")?,
            updated_at: r.get("updated_at")?,
            completed_at: r.get("completed_at")?,
        })
    }
}

/// One page of the tenant's orders, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_orders(tx: TenantTx, filter: &OrderFilter) -> Result<OrderPage, StoreError> {
    let tenant = tx.tenant.clone();
    let status = filter.status.map(OrderStatus::as_str);
    let after = filter.after.map(|x| x.created_at);
    let after_id = filter.after.map(|x| x.order_id.as_uuid());
    // One more than asked for says whether another page follows.
    let limit = i64::from(filter.limit) + 1;
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&status as _, Type::TEXT),
        (&after as _, Type::TIMESTAMPTZ),
        (&after_id as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    let rows = tx.run_alone("list_orders", LIST_ORDERS, &params).await?;
    let mut orders =
        rows.iter().map(OrderSummary::try_from).collect::<Result<Vec<_>, StoreError>>()?;
    let has_more = orders.len() > usize::from(filter.limit);
    orders.truncate(usize::from(filter.limit));
    let next = orders
        .last()
        .filter(|_| has_more)
        .map(|x| OrderPosition { created_at: x.created_at, order_id: x.order_id });
    Ok(OrderPage { orders, next })
}
