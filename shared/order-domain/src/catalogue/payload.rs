//! Where the values of a step's payload come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::name::StepTemplateKey;
use crate::characteristic::CharacteristicValue;

/// Payload name → source of its value.
pub type PayloadMapping = BTreeMap<String, PayloadSource>;

/// Source of one payload value, e.g. `{"characteristic": "bandwidthMbps"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PayloadSource {
    /// A characteristic of the line; the order cannot be decomposed without it.
    Characteristic(String),
    /// A characteristic of the line; left out when the line does not have it.
    OptionalCharacteristic(String),
    /// What the characteristic was before; left out when there was none.
    PreviousCharacteristic(String),
    /// The same value for every order.
    Constant(CharacteristicValue),
    /// A field of the line.
    Line(LineField),
    /// A field of the order.
    Order(OrderField),
    /// A field of the result of a step that is waited for, which is left out only by giving the value.
    StepResult(ResultField),
    /// The same; left out when there is no such value.
    OptionalStepResult(ResultField),
}

/// A value that a step of the same rule gives when it is completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResultField {
    /// Key of the step.
    pub step: StepTemplateKey,
    /// Name of the value in its result.
    pub field: String,
}

/// Fields of a line that a payload may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LineField {
    /// Position of the line in its order, from 1.
    LineNumber,
    /// Code of the product.
    ProductCode,
    /// ADD, MODIFY or DELETE.
    Action,
    /// Ordered quantity.
    Quantity,
    /// The product instance that the line is about; left out for ADD.
    ProductInstanceId,
    /// Price per month in minor units; left out when there is none.
    RecurringAmountMinor,
    /// Price paid once in minor units; left out when there is none.
    OneTimeAmountMinor,
    /// Currency of the prices; left out when there is none.
    Currency,
    /// Which unit or repetition the step is for, from 1.
    InstanceNumber,
}

/// Fields of an order that a payload may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderField {
    /// The number people know the order by.
    OrderNumber,
    /// The customer.
    CustomerId,
    /// The account that is billed.
    BillingAccountId,
}

impl PayloadSource {
    /// Whether the value can differ between the lines of one order.
    #[must_use]
    pub const fn is_of_a_line(&self) -> bool {
        match self {
            Self::Characteristic(_)
            | Self::OptionalCharacteristic(_)
            | Self::PreviousCharacteristic(_)
            | Self::Line(_) => true,
            Self::Constant(_)
            | Self::Order(_)
            | Self::StepResult(_)
            | Self::OptionalStepResult(_) => false,
        }
    }

    /// What it reads of another step's result, which exists only when that step is done.
    #[must_use]
    pub const fn result(&self) -> Option<&ResultField> {
        match self {
            Self::StepResult(wanted) | Self::OptionalStepResult(wanted) => Some(wanted),
            Self::Characteristic(_)
            | Self::OptionalCharacteristic(_)
            | Self::PreviousCharacteristic(_)
            | Self::Constant(_)
            | Self::Line(_)
            | Self::Order(_) => None,
        }
    }
}
