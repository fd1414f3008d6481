//! The systems that are played, in the spelling of their URLs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One external system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum System {
    Inventory,
    Provisioning,
    Logistics,
    Workforce,
    Billing,
    Notification,
    Cpq,
    Customer,
    BillingAccount,
}

impl System {
    pub(crate) const ALL: [Self; 9] = [
        Self::Inventory,
        Self::Provisioning,
        Self::Logistics,
        Self::Workforce,
        Self::Billing,
        Self::Notification,
        Self::Cpq,
        Self::Customer,
        Self::BillingAccount,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Inventory => "INVENTORY",
            Self::Provisioning => "PROVISIONING",
            Self::Logistics => "LOGISTICS",
            Self::Workforce => "WORKFORCE",
            Self::Billing => "BILLING",
            Self::Notification => "NOTIFICATION",
            Self::Cpq => "CPQ",
            Self::Customer => "CUSTOMER",
            Self::BillingAccount => "BILLING_ACCOUNT",
        }
    }

    /// Whether it does work, or is only read.
    pub(crate) const fn is_target(self) -> bool {
        match self {
            Self::Inventory
            | Self::Provisioning
            | Self::Logistics
            | Self::Workforce
            | Self::Billing
            | Self::Notification => true,
            Self::Cpq | Self::Customer | Self::BillingAccount => false,
        }
    }

    /// Start of every external reference, and the name of the id in a result.
    pub(crate) const fn reference_names(self) -> (&'static str, &'static str) {
        match self {
            Self::Inventory => ("INV", "reservationId"),
            Self::Provisioning => ("PRV", "serviceInstanceId"),
            Self::Logistics => ("SHP", "shipmentId"),
            Self::Workforce => ("APT", "appointmentId"),
            Self::Billing => ("BIL", "billingItemId"),
            Self::Notification => ("NTF", "messageId"),
            Self::Cpq | Self::Customer | Self::BillingAccount => ("SRC", "sourceId"),
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No system has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown system")]
pub(crate) struct UnknownSystem;

impl FromStr for System {
    type Err = UnknownSystem;

    fn from_str(text: &str) -> Result<Self, UnknownSystem> {
        Self::ALL.into_iter().find(|system| system.as_str() == text).ok_or(UnknownSystem)
    }
}
