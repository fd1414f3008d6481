//! An order line and its status, derived from its steps and children (§24).

mod derive;
mod status;

pub use derive::{LineFacts, derive_line_statuses};
pub use status::LineStatus;
