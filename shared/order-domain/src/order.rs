//! The order: status, commands and the decision between them (§2 §22 §24).

mod command;
mod decide;
mod facts;
mod rejection;
mod status;

pub use command::OrderCommand;
pub use decide::{Decision, decide};
pub use facts::OrderFacts;
pub use rejection::OrderRejection;
pub use status::{OrderStatus, derive_status};
