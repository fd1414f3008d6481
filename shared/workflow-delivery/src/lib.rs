#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod delete;
mod delivery;
mod fallout;
mod instances;
mod outcome;
mod plan;
mod resume;
mod start;
mod unmatched;

pub use delivery::WorkflowDelivery;
pub use instances::PROCESS_KEY;
pub use outcome::{DeliveryOutcome, QUIET};
