#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod delivery;
mod fallout;
mod instances;
mod outcome;
mod plan;
mod start;

pub use delivery::WorkflowDelivery;
pub use outcome::{DeliveryOutcome, QUIET};
