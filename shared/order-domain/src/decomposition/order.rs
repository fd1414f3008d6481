//! What decomposition needs to know of an order.

use crate::catalogue::LineAction;
use crate::characteristic::Characteristics;
use crate::ids::OrderLineId;
use crate::money::Money;

/// The part of an order that decomposition reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderForDecomposition {
    /// The number people know the order by.
    pub order_number: String,
    /// The customer.
    pub customer_id: String,
    /// The account that is billed.
    pub billing_account_id: String,
    /// The lines in line order: the position, from 1, is part of every item key.
    pub lines: Vec<LineForDecomposition>,
}

/// The part of an order line that decomposition reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineForDecomposition {
    /// The line.
    pub id: OrderLineId,
    /// The bundle line that this one is part of.
    pub parent_line_id: Option<OrderLineId>,
    /// Code of the product, as the quote spells it.
    pub product_code: String,
    /// What happens to the product.
    pub action: LineAction,
    /// How many units.
    pub quantity: u32,
    /// The configuration that is asked for.
    pub characteristics: Characteristics,
    /// The configuration of today; empty for ADD.
    pub previous_characteristics: Characteristics,
    /// What the line costs per month.
    pub recurring_price: Option<Money>,
    /// What the line costs once.
    pub one_time_price: Option<Money>,
    /// The existing product; needed by every action except ADD.
    pub product_instance_id: Option<String>,
}
