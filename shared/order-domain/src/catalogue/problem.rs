//! What can be wrong with a catalogue that its schema accepts.

use super::action::LineAction;

/// One problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {kind}")]
pub struct CatalogueProblem {
    /// RFC 6901 pointer into the catalogue document.
    pub pointer: String,
    /// What is wrong.
    pub kind: CatalogueProblemKind,
}

/// Kinds of problem; each sentence is for whoever edits the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueProblemKind {
    /// The version is 0, or more than the database's integer holds.
    #[error("a catalogue version is 1 to {}", i32::MAX)]
    VersionOutOfRange,
    /// Two products share a code.
    #[error("product {0} appears twice")]
    DuplicateProduct(String),
    /// Two rules of a product answer the same action.
    #[error("a second rule for {0}")]
    DuplicateRule(LineAction),
    /// Two steps of a rule share a key.
    #[error("step {0} appears twice")]
    DuplicateStep(String),
    /// A bundle groups lines and has no work.
    #[error("a bundle has no rules")]
    BundleWithRules,
    /// Nothing happens to an unchanged line.
    #[error("NO_CHANGE means no work and has no rule")]
    RuleForNoChange,
    /// A dependency names a product that the catalogue lacks.
    #[error("there is no product {0}")]
    UnknownProduct(String),
    /// A dependency names a step that no rule in question has.
    #[error("there is no step {0}")]
    UnknownStep(String),
    /// A deadline names a calendar that the catalogue lacks.
    #[error("there is no calendar {0}")]
    UnknownCalendar(String),
    /// A dependency looks in the step's own line but names another product, or the reverse.
    #[error("a dependency names a product exactly when its scope is not SAME_LINE")]
    ScopeContradictsProduct,
    /// An optional step may fail without stopping anything mandatory.
    #[error("a mandatory step cannot depend on the optional step {0}")]
    MandatoryOnOptional(String),
    /// The steps wait for each other; the names are in waiting order.
    #[error("the steps wait for each other: {}", circle(.0))]
    Cycle(Vec<String>),
    /// A second billing step in a rule.
    #[error("a rule has at most one BILLING step")]
    SecondBillingStep,
    /// Billing is settled once per line.
    #[error("a BILLING step is once per line: scope LINE and no repeat")]
    BillingNotOncePerLine,
    /// Both multiply a step; only one may.
    #[error("repeat goes with scope LINE only")]
    RepeatOutsideLineScope,
    /// A step of the whole order has no line to look at.
    #[error("a step of scope ORDER can use constants and order fields only, and no condition")]
    OrderScopeReadsLine,
    /// A result exists only when its step is done.
    #[error("step {0} must be in dependsOn of this step, of the same rule, to use its result")]
    ResultNotAwaited(String),
    /// Several steps would have the result, and none of them is meant.
    #[error("step {0} is made more often than this step, so nobody knows whose result is meant")]
    ResultAmbiguous(String),
    /// There may be no such step.
    #[error("step {0} has a condition that this step lacks: use optionalStepResult")]
    ResultMayBeMissing(String),
    /// A step of the whole order is made once per product, so its templates must agree.
    #[error("step {0} of scope ORDER differs from the one of the same key in another rule")]
    OrderScopeDiffers(String),
    /// A charge without a point of no return would never be asked for.
    #[error("a charge needs kind SOFT or HARD")]
    ChargeWithoutPointOfNoReturn,
}

/// `a → b → a`, for a cycle of any length.
pub(crate) fn circle(keys: &[String]) -> String {
    let mut text = keys.join(" → ");
    if let Some(first) = keys.first() {
        text.push_str(" → ");
        text.push_str(first);
    }
    text
}
