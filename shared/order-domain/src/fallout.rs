//! A fallout case: a business exception that a person handles (§19 §20 §21).

mod action;
mod action_facts;
mod decide_action;
mod kind;
mod reason;
mod refusal;
mod routing;
mod status;

pub use action::{FalloutAction, OutcomeFinding};
pub use action_facts::{ActionFacts, Asker, CaseLine, CaseStep};
pub use decide_action::{ActionDecision, ActionEffect, decide_action};
pub use kind::CaseKind;
pub use reason::FalloutReason;
pub use refusal::ActionRefusal;
pub use routing::FalloutRouting;
pub use status::{CaseStatus, EngineAnchor, FalloutResolution, Severity};
