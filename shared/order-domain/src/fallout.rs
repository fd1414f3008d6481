//! A fallout case: a business exception that a person handles (§19 §20).

mod decide;
mod reason;
mod status;

pub use decide::{CaseDecision, CaseRejection, decide_resolution};
pub use reason::FalloutReason;
pub use status::{CaseStatus, EngineAnchor, FalloutResolution, Severity};
