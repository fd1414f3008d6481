//! A fulfillment step: one piece of work in one target system (§9 §15).

pub mod answer;
mod decide;
mod policy;
mod sends;
mod status;

pub use decide::{AnswerSource, StepDecision, StepFacts, StepFallout, StepMove, decide_answer};
pub use policy::{Jitter, StepPolicy};
pub use sends::{FreezeDecision, SendFacts, decide_freeze};
pub use status::StepStatus;
