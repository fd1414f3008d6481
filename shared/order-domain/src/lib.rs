#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod actor;
pub mod billing;
pub mod bulk;
pub mod calendar;
pub mod catalogue;
pub mod characteristic;
pub mod circuit;
pub mod decomposition;
pub mod event;
pub mod explanation;
pub mod failure;
pub mod fallout;
pub mod ids;
pub mod intake;
pub mod line;
pub mod liveness;
pub mod money;
pub mod order;
pub mod plan;
pub mod planning;
pub mod readiness;
pub mod step;
pub mod tenant;
pub mod text_enum;
pub mod workflow;
