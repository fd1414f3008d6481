//! Orders of one tenant, newest first, page by page, by what operators ask for.

#[macro_use]
mod conditions;
pub(super) mod statement;

use jiff::Timestamp;
use order_domain::ids::OrderId;
use order_domain::order::OrderStatus;
use order_domain::tenant::TenantId;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::order_summary::OrderSummary;
use crate::error::StoreError;
use crate::tx::TenantTx;

/// Follows every text that begins with what stands before it, compared bytewise.
const AFTER_ALL_TEXT: char = char::MAX;

/// Which orders to list. Conditions on a case are all about the same open case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only orders with this status.
    pub status: Option<OrderStatus>,
    /// Only orders of this quote.
    pub quote_id: Option<String>,
    /// Only orders whose number, customer or quote begins so, or that have this id or reference.
    pub text: Option<String>,
    /// Only orders with an open case of this group.
    pub owner_group: Option<String>,
    /// Only orders with an open case of this user.
    pub owner_user: Option<String>,
    /// Only orders with an open case for this reason.
    pub reason_code: Option<String>,
    /// Only orders with an open case of this signature.
    pub failure_signature: Option<String>,
    /// Only orders with an open case that is late.
    pub is_overdue: bool,
    /// Only orders with a waiting step that was sent so often; at least twice.
    pub attempts_at_least: Option<u16>,
    /// Only orders that wait for this system, or whose open case is about it.
    pub target_system: Option<String>,
    /// Only orders that have not moved since then.
    pub stuck_since: Option<Timestamp>,
    /// Only orders with a step that a target system knows by this key.
    pub external_reference: Option<String>,
    /// What is late is late at this time.
    pub now: Timestamp,
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

/// How the orders of a page are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Newest,
    Called,
    OfReference,
    WithCase,
    Retried,
    OfSystem,
    Stuck,
}

impl Beginning {
    const fn statement(self) -> &'static str {
        match self {
            Self::Newest => statement::LIST_ORDERS,
            Self::Called => statement::LIST_CALLED,
            Self::OfReference => statement::LIST_OF_REFERENCE,
            Self::WithCase => statement::LIST_WITH_CASE,
            Self::Retried => statement::LIST_RETRIED,
            Self::OfSystem => statement::LIST_OF_SYSTEM,
            Self::Stuck => statement::LIST_STUCK,
        }
    }
}

impl OrderFilter {
    const fn asks_for_case(&self) -> bool {
        self.owner_group.is_some()
            || self.owner_user.is_some()
            || self.reason_code.is_some()
            || self.failure_signature.is_some()
            || self.is_overdue
    }

    /// What is asked for, the one that leaves the fewest orders first. A text may be one letter and
    /// fit every order that ever was; everything else looks at live ones or at one quote's.
    fn beginnings(&self) -> impl Iterator<Item = Beginning> {
        let by_text = self.text.is_some() && self.quote_id.is_none();
        let asked = [
            (self.external_reference.is_some(), Beginning::OfReference),
            (self.quote_id.is_some(), Beginning::Called),
            (self.asks_for_case(), Beginning::WithCase),
            (self.attempts_at_least.is_some(), Beginning::Retried),
            (self.target_system.is_some(), Beginning::OfSystem),
            (self.stuck_since.is_some(), Beginning::Stuck),
            (by_text, Beginning::Called),
        ];
        asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, beginning)| beginning)
    }

    /// How to find the orders, and whether that leaves nothing to test.
    fn beginning(&self) -> (Beginning, bool) {
        let mut asked = self.beginnings();
        let first = asked.next().unwrap_or(Beginning::Newest);
        let tests_status = match first {
            // Whoever waits since then need not be stuck since then: the rest of the row says so.
            Beginning::Stuck => return (first, false),
            Beginning::Newest | Beginning::Called => false,
            Beginning::OfReference
            | Beginning::WithCase
            | Beginning::Retried
            | Beginning::OfSystem => self.status.is_some(),
        };
        (first, asked.next().is_none() && !tests_status)
    }
}

/// The parameters of the statements, the same for all of them; only the plain list has the last.
struct Parameters<'a> {
    filter: &'a OrderFilter,
    tenant: &'a str,
    limit: i64,
    beginning_limit: Option<i64>,
    after: Option<Timestamp>,
    after_id: Option<Uuid>,
    status: Option<&'static str>,
    text_end: Option<String>,
    text_id: Option<Uuid>,
    is_overdue: Option<bool>,
    asks_for_case: bool,
    attempts: Option<i32>,
}

impl<'a> Parameters<'a> {
    fn of(filter: &'a OrderFilter, tenant: &'a TenantId, is_all_tested: bool) -> Self {
        // One more than asked for says whether another page follows.
        let limit = i64::from(filter.limit) + 1;
        let text = filter.text.as_deref();
        Self {
            filter,
            tenant: tenant.as_str(),
            limit,
            beginning_limit: is_all_tested.then_some(limit),
            after: filter.after.map(|x| x.created_at),
            after_id: filter.after.map(|x| x.order_id.as_uuid()),
            status: filter.status.map(OrderStatus::as_str),
            text_end: text.map(|text| format!("{text}{AFTER_ALL_TEXT}")),
            text_id: text.and_then(|text| text.parse().ok()),
            is_overdue: filter.is_overdue.then_some(true),
            asks_for_case: filter.asks_for_case(),
            attempts: filter.attempts_at_least.map(i32::from),
        }
    }

    fn in_order(&self) -> [(&(dyn ToSql + Sync), Type); 21] {
        let filter = self.filter;
        [
            (&self.tenant as _, Type::TEXT),
            (&self.limit as _, Type::INT8),
            (&self.after_id as _, Type::UUID),
            (&filter.now as _, Type::TIMESTAMPTZ),
            (&self.status as _, Type::TEXT),
            (&filter.quote_id as _, Type::TEXT),
            (&filter.text as _, Type::TEXT),
            (&self.text_end as _, Type::TEXT),
            (&self.text_id as _, Type::UUID),
            (&filter.owner_group as _, Type::TEXT),
            (&filter.owner_user as _, Type::TEXT),
            (&filter.reason_code as _, Type::TEXT),
            (&filter.failure_signature as _, Type::TEXT),
            (&self.is_overdue as _, Type::BOOL),
            (&self.asks_for_case as _, Type::BOOL),
            (&self.attempts as _, Type::INT4),
            (&filter.target_system as _, Type::TEXT),
            (&filter.stuck_since as _, Type::TIMESTAMPTZ),
            (&filter.external_reference as _, Type::TEXT),
            (&self.beginning_limit as _, Type::INT8),
            (&self.after as _, Type::TIMESTAMPTZ),
        ]
    }
}

/// One page of the tenant's orders, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_orders(tx: TenantTx, filter: &OrderFilter) -> Result<OrderPage, StoreError> {
    let tenant = tx.tenant.clone();
    let (beginning, is_all_tested) = filter.beginning();
    let parameters = Parameters::of(filter, &tenant, is_all_tested);
    let in_order = parameters.in_order();
    let params = if beginning == Beginning::Newest { &in_order[..] } else { &in_order[..20] };
    let rows = tx.run_alone("list_orders", beginning.statement(), params).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_with_what_leaves_the_fewest_orders() {
        let some = || Some("x".to_owned());
        let plain = OrderFilter { status: Some(OrderStatus::Fallout), ..OrderFilter::default() };
        let system = OrderFilter { target_system: some(), ..OrderFilter::default() };
        let system_and_user = OrderFilter { owner_user: some(), ..system.clone() };
        let stuck =
            OrderFilter { stuck_since: Some(Timestamp::UNIX_EPOCH), ..OrderFilter::default() };
        let all = OrderFilter { external_reference: some(), ..system_and_user.clone() };

        assert_eq!(plain.beginning(), (Beginning::Newest, true));
        assert_eq!(system.beginning(), (Beginning::OfSystem, true));
        assert_eq!(system_and_user.beginning(), (Beginning::WithCase, false));
        assert_eq!(stuck.beginning(), (Beginning::Stuck, false));
        assert_eq!(all.beginning(), (Beginning::OfReference, false));
    }

    #[test]
    fn a_page_ends_early_only_where_nothing_is_left_to_test() {
        let status = Some(OrderStatus::Fallout);
        let of_quote =
            OrderFilter { status, quote_id: Some("Q-1".to_owned()), ..OrderFilter::default() };
        let late = OrderFilter { is_overdue: true, ..OrderFilter::default() };
        let late_of_status = OrderFilter { status, ..late.clone() };

        assert_eq!(of_quote.beginning(), (Beginning::Called, true));
        assert_eq!(late.beginning(), (Beginning::WithCase, true));
        assert_eq!(late_of_status.beginning(), (Beginning::WithCase, false));
    }
}
