//! The one table of (status, command) for orders.
//!
//! `facts` are those that hold before the command. The answer names the event to record; the next
//! status follows from the facts after it ([`derive_status`](super::derive_status)), except for
//! completion, which is a decision and not a derivation.

use super::command::OrderCommand as C;
use super::facts::OrderFacts;
use super::rejection::OrderRejection as R;
use super::status::OrderStatus as S;
use crate::event::DomainEventType as E;

/// What a command does to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Apply it and record this fact; `None` where the command's own rows decide about events.
    Apply {
        /// The business fact, if there is exactly one.
        event: Option<E>,
        /// The terminal status that this decision sets.
        terminal: Option<S>,
    },
    /// What the command asks for already holds; nothing is written but the audit entry.
    AlreadyApplied,
}

const fn apply(event: E) -> Result<Decision, R> {
    Ok(Decision::Apply { event: Some(event), terminal: None })
}

const APPLY_ROWS: Result<Decision, R> = Ok(Decision::Apply { event: None, terminal: None });

/// Every status that is not terminal, spelled out so that a new one is a compile error.
macro_rules! live {
    () => {
        S::Created
            | S::Validated
            | S::Decomposed
            | S::FulfillmentInProgress
            | S::PartiallyFulfilled
            | S::Fallout
    };
}

/// Decides a command.
///
/// # Errors
/// The business refusal, see [`OrderRejection`](super::OrderRejection).
pub fn decide(status: S, command: &C, facts: &OrderFacts) -> Result<Decision, R> {
    match (status, command) {
        (S::Completed, C::CompleteOrder) => Ok(Decision::AlreadyApplied),
        // A contradictory callback after the end is recorded as a case that blocks nothing.
        (S::Completed | S::Cancelled | S::Failed, C::OpenFallout) => apply(E::OrderFalloutOpened),
        (S::Completed | S::Cancelled | S::Failed, C::ResolveFallout) => {
            apply(E::OrderFalloutResolved)
        }
        (S::Completed | S::Cancelled | S::Failed, _) => Err(R::OrderIsTerminal),
        (live!(), C::OpenFallout) => apply(E::OrderFalloutOpened),
        (live!(), C::ResolveFallout) => apply(E::OrderFalloutResolved),
        (live!(), C::RecordStepOutcome) => APPLY_ROWS,
        (live!(), C::ValidateReadiness { is_ready }) => decide_validation(*is_ready, facts),
        (live!(), C::Decompose) => decide_decomposition(facts),
        (live!(), C::CreateFulfillmentPlan) => decide_planning(facts),
        (live!(), C::StartFulfillment) => decide_release(facts),
        (live!(), C::SettleBilling { is_settled }) => decide_billing(*is_settled, facts),
        (live!(), C::CompleteOrder) => decide_completion(facts),
    }
}

fn decide_validation(is_ready: bool, facts: &OrderFacts) -> Result<Decision, R> {
    match (facts.is_validated, is_ready) {
        (true, _) => Ok(Decision::AlreadyApplied),
        (false, true) => apply(E::OrderValidated),
        (false, false) => Err(R::OrderRequiresManualReview),
    }
}

fn decide_decomposition(facts: &OrderFacts) -> Result<Decision, R> {
    if !facts.is_validated {
        Err(R::OrderNotValidated)
    } else if facts.is_planned {
        Ok(Decision::AlreadyApplied)
    } else {
        apply(E::OrderDecomposed)
    }
}

fn decide_planning(facts: &OrderFacts) -> Result<Decision, R> {
    if !facts.is_decomposed {
        Err(R::OrderNotDecomposed)
    } else if facts.is_planned {
        Ok(Decision::AlreadyApplied)
    } else {
        apply(E::FulfillmentPlanCreated)
    }
}

fn decide_release(facts: &OrderFacts) -> Result<Decision, R> {
    if facts.is_cancellation_requested {
        Err(R::CancellationInProgress)
    } else if !facts.is_planned {
        Err(R::PlanNotCreated)
    } else if facts.is_released {
        Ok(Decision::AlreadyApplied)
    } else {
        apply(E::FulfillmentStarted)
    }
}

fn decide_billing(is_settled: bool, facts: &OrderFacts) -> Result<Decision, R> {
    if !facts.is_released {
        Err(R::PlanNotCreated)
    } else if facts.is_billing_settled {
        Ok(Decision::AlreadyApplied)
    } else if is_settled {
        apply(E::BillingActivated)
    } else {
        Err(R::BillingRejected)
    }
}

/// The completion invariant of §23; the communication is scheduled by completing itself.
fn decide_completion(facts: &OrderFacts) -> Result<Decision, R> {
    if facts.is_cancellation_requested {
        Err(R::CancellationInProgress)
    } else if facts.open_blocking_case_count > 0 {
        Err(R::OrderHasOpenBlockingFallout)
    } else if facts.unfulfilled_mandatory_line_count > 0 {
        Err(R::MandatoryLineNotFulfilled)
    } else if !facts.is_billing_settled {
        Err(R::BillingNotActivated)
    } else {
        Ok(Decision::Apply { event: Some(E::OrderCompleted), terminal: Some(S::Completed) })
    }
}

#[cfg(test)]
mod tests;
