//! Why work items cannot become a plan.

use crate::catalogue::circle;

/// The work items contradict each other; each sentence is for the operator who gets the case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanningRejection {
    /// Items wait for each other; each key waits for the next, the last for the first.
    #[error("the steps wait for each other: {}; correct the catalogue", circle(.step_keys))]
    HasCycle {
        /// The cycle in waiting order, every key once.
        step_keys: Vec<String>,
    },
    /// An item waits for one that does not exist.
    #[error("step {step_key} waits for {dependency_key}, which is not part of the order")]
    DependencyMissing {
        /// The item that waits.
        step_key: String,
        /// The key nobody has.
        dependency_key: String,
    },
    /// An optional step may fail without stopping anything mandatory.
    #[error("the mandatory step {step_key} waits for the optional step {dependency_key}")]
    MandatoryOnOptional {
        /// The mandatory item.
        step_key: String,
        /// The optional item it waits for.
        dependency_key: String,
    },
    /// Two items share a key.
    #[error("the step {step_key} appears twice")]
    StepDuplicated {
        /// The shared key.
        step_key: String,
    },
}

impl PlanningRejection {
    /// The stable code of the business refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::HasCycle { .. } => "PLAN_HAS_CYCLE",
            Self::DependencyMissing { .. } => "PLAN_DEPENDENCY_MISSING",
            Self::MandatoryOnOptional { .. } => "PLAN_MANDATORY_ON_OPTIONAL",
            Self::StepDuplicated { .. } => "PLAN_STEP_DUPLICATED",
        }
    }
}
