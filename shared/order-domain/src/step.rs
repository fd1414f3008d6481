//! A fulfillment step: one piece of work in one target system (§9 §15).

pub mod answer;
mod decide;
mod policy;
mod status;

pub use decide::{AnswerSource, StepDecision, StepFacts, StepFallout, StepMove, decide_answer};
pub use policy::{Jitter, StepPolicy};
pub use status::StepStatus;
