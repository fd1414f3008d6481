//! What a target system is told: the payload mapping applied to one instance.

use super::order::OrderForDecomposition;
use super::rejection::DecompositionRejection;
use super::selection::RuledLine;
use crate::catalogue::{LineField, OrderField, PayloadMapping, PayloadSource};
use crate::characteristic::{CharacteristicValue, Characteristics};
use crate::money::Money;

/// What a payload is filled from.
#[derive(Debug, Clone, Copy)]
pub(super) struct PayloadFacts<'a> {
    pub(super) order: &'a OrderForDecomposition,
    pub(super) ruled: &'a RuledLine<'a>,
    pub(super) instance_number: usize,
}

/// The payload of one instance, as far as it is known; optional values that are absent are left out.
pub(super) fn build_payload(
    mapping: &PayloadMapping,
    facts: PayloadFacts<'_>,
) -> Result<Characteristics, DecompositionRejection> {
    let mut payload = Characteristics::new();
    for (name, source) in mapping {
        if let Some(value) = value_of(source, facts)? {
            payload.insert(name.clone(), value);
        }
    }
    Ok(payload)
}

fn value_of(
    source: &PayloadSource,
    facts: PayloadFacts<'_>,
) -> Result<Option<CharacteristicValue>, DecompositionRejection> {
    let line = facts.ruled.line;
    Ok(match source {
        PayloadSource::Characteristic(name) => {
            facts.ruled.require(name)?;
            line.characteristics.get(name).cloned()
        }
        PayloadSource::OptionalCharacteristic(name) => line.characteristics.get(name).cloned(),
        PayloadSource::PreviousCharacteristic(name) => {
            line.previous_characteristics.get(name).cloned()
        }
        PayloadSource::Constant(value) => Some(value.clone()),
        PayloadSource::Line(field) => line_field(*field, facts),
        PayloadSource::Order(field) => Some(text(order_field(*field, facts.order))),
        // Known when that step is done.
        PayloadSource::StepResult(_) | PayloadSource::OptionalStepResult(_) => None,
    })
}

fn line_field(field: LineField, facts: PayloadFacts<'_>) -> Option<CharacteristicValue> {
    let line = facts.ruled.line;
    match field {
        LineField::LineNumber => Some(count(facts.ruled.line_number)),
        LineField::ProductCode => Some(text(&line.product_code)),
        LineField::Action => Some(text(line.action.as_str())),
        LineField::Quantity => Some(CharacteristicValue::Integer(i64::from(line.quantity))),
        LineField::ProductInstanceId => line.product_instance_id.as_deref().map(text),
        LineField::RecurringAmountMinor => line.recurring_price.map(amount),
        LineField::OneTimeAmountMinor => line.one_time_price.map(amount),
        LineField::Currency => {
            let price = line.recurring_price.or(line.one_time_price)?;
            Some(CharacteristicValue::Text(price.currency().to_string()))
        }
        LineField::InstanceNumber => Some(count(facts.instance_number)),
    }
}

fn order_field(field: OrderField, order: &OrderForDecomposition) -> &str {
    match field {
        OrderField::OrderNumber => &order.order_number,
        OrderField::CustomerId => &order.customer_id,
        OrderField::BillingAccountId => &order.billing_account_id,
    }
}

fn text(text: &str) -> CharacteristicValue {
    CharacteristicValue::Text(text.to_owned())
}

fn amount(price: Money) -> CharacteristicValue {
    CharacteristicValue::Integer(price.amount_minor())
}

fn count(number: usize) -> CharacteristicValue {
    CharacteristicValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
