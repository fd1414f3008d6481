//! `orderctl orders …`.

use clap::{Args, Subcommand, ValueEnum};

use super::{OrderAction, OrderName};
use crate::duration::Span;

const LIST_EXAMPLES: &str = "\
Examples:
  orderctl orders list --status FALLOUT --owner-group fulfillment-operations
  orderctl orders list --stuck-longer-than 4h --target-system PROVISIONING
  orderctl orders list --failure-signature SIGNATURE --all -o json | jq -r '.orders[].orderId'";

const WATCH_EXAMPLES: &str = "\
Exit codes: 0 COMPLETED, or the status of --until; 7 ended otherwise; 8 not there in time.

Examples:
  orderctl orders watch ORDER
  orderctl orders watch ORDER --until FULFILLMENT_IN_PROGRESS --timeout 10m
  orderctl orders watch ORDER -o json          one JSON object per line and change";

const ACT_EXAMPLES: &str = "\
Examples:
  orderctl orders act ORDER fail-order --reason CUSTOMER_GONE --preview
  orderctl orders act ORDER fail-order --reason CUSTOMER_GONE --note \"ticket 4711\"";

/// What can be done with orders.
#[derive(Debug, Subcommand)]
pub enum OrdersCommand {
    /// List orders, newest first; several filters must all fit.
    #[command(after_long_help = LIST_EXAMPLES)]
    List(Box<ListOrders>),
    /// Show one order: status, what it waits for, cases, lines and steps.
    Show(OrderReference),
    /// Say in sentences where an order is, why, and what happens next.
    Explain(OrderReference),
    /// List what happened to an order: transitions, events, cases and actions, by time.
    Timeline(OrderReference),
    /// Follow an order, and print each change once, until it is terminal.
    #[command(after_long_help = WATCH_EXAMPLES)]
    Watch(WatchArguments),
    /// Decide something about an order that no case asks for.
    #[command(after_long_help = ACT_EXAMPLES)]
    Act {
        /// Which order.
        #[command(flatten)]
        order: OrderReference,
        /// What is decided.
        #[command(subcommand)]
        action: OrderAction,
    },
}

/// Which order.
#[derive(Debug, Clone, Args)]
pub struct OrderReference {
    /// Id or number of the order.
    pub order: OrderName,
}

/// Which orders to list.
#[derive(Debug, Args)]
pub struct ListOrders {
    /// Only orders with this status.
    #[arg(long, ignore_case = true)]
    pub status: Option<OrderStatus>,
    /// Only orders that have waited longer, for example 4h or 2d.
    #[arg(long, value_name = "DURATION")]
    pub stuck_longer_than: Option<Span>,
    /// Only orders with a step that was sent at least so often.
    #[arg(long, value_name = "N")]
    pub attempts_at_least: Option<u32>,
    /// Only orders with an open case for this reason.
    #[arg(long, value_name = "CODE")]
    pub reason_code: Option<String>,
    /// Only orders that failed in this way, as `cases signatures` lists them.
    #[arg(long, value_name = "SIGNATURE")]
    pub failure_signature: Option<String>,
    /// Only orders that this system holds up.
    #[arg(long, value_name = "SYSTEM")]
    pub target_system: Option<String>,
    /// Only orders that are later than agreed.
    #[arg(long)]
    pub overdue: bool,
    /// Only orders whose case belongs to this group.
    #[arg(long, value_name = "GROUP")]
    pub owner_group: Option<String>,
    /// Only orders whose case this person works on.
    #[arg(long, value_name = "USER")]
    pub owner_user: Option<String>,
    /// Only the order that a target system knows under this reference.
    #[arg(long, value_name = "REFERENCE")]
    pub external_reference: Option<String>,
    /// Only orders of this quote.
    #[arg(long, value_name = "QUOTE")]
    pub quote_id: Option<String>,
    /// Only orders that people call so, for example by the beginning of their number.
    #[arg(long)]
    pub text: Option<String>,
    /// At most so many; with --all: so many per request [default: 50].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: Option<u16>,
    /// Every order that fits, page after page.
    #[arg(long)]
    pub all: bool,
}

impl ListOrders {
    /// The filters as the API names them.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let status = self.status.map(OrderStatus::as_str);
        [
            ("status", status),
            ("stuckLongerThan", self.stuck_longer_than.map(Span::as_iso)),
            ("attemptsAtLeast", self.attempts_at_least.map(|x| x.to_string())),
            ("reasonCode", self.reason_code.clone()),
            ("failureSignature", self.failure_signature.clone()),
            ("targetSystem", self.target_system.clone()),
            ("overdue", self.overdue.then(|| "true".to_owned())),
            ("ownerGroup", self.owner_group.clone()),
            ("ownerUser", self.owner_user.clone()),
            ("externalReference", self.external_reference.clone()),
            ("quoteId", self.quote_id.clone()),
            ("text", self.text.clone()),
            ("limit", self.limit.map(|x| x.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// Which order to follow, and how far.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// Which order.
    #[command(flatten)]
    pub order: OrderReference,
    /// Until it has this status [default: until it is COMPLETED, CANCELLED or FAILED].
    #[arg(long, value_name = "STATUS", ignore_case = true)]
    pub until: Option<OrderStatus>,
    /// How often to look.
    #[arg(long, value_name = "DURATION", default_value = "2s")]
    pub every: Span,
}

/// Where an order can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the glossary explains them")]
pub enum OrderStatus {
    Created,
    Validated,
    Decomposed,
    FulfillmentInProgress,
    PartiallyFulfilled,
    Fallout,
    Completed,
    Cancelled,
    Failed,
}

impl OrderStatus {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
