//! The order: status, commands and the decision between them (§2 §22 §24).

mod command;
mod decide;
mod facts;
mod milestone;
mod rejection;
mod status;

pub use command::OrderCommand;
pub use decide::{Decision, decide};
pub use facts::OrderFacts;
pub use milestone::{OrderMilestone, ResumePoint, milestone_to_resume};
pub use rejection::OrderRejection;
pub use status::{OrderStatus, derive_status};
