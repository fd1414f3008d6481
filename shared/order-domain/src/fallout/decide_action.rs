//! What an action on a case does: the one decision behind doing, previewing and explaining.
//!
//! Invariant: a step that may have had an effect is never sent anew, skipped or replaced.
//! Invariant: what is mandatory is left out only with the consent of a second person.

use super::action::{FalloutAction as A, OutcomeFinding};
use super::action_facts::{ActionFacts, Asker, CaseStep};
use super::kind::CaseKind as K;
use super::refusal::ActionRefusal as R;
use super::status::{CaseStatus, FalloutResolution};
use crate::step::StepStatus as S;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionEffect {
    /// Close the case; the process goes on this way.
    Resolve(FalloutResolution),
    /// Send the step with a new request id: a new generation.
    SendAnew,
    /// Send the step with the request id it has: it was provably not carried out.
    SendAgain,
    /// Have the target system asked now what became of the step.
    AskFirst,
    /// Leave the step out.
    Skip,
    /// Send the step anew, to another target system.
    Replace,
    /// The step is done.
    Complete,
    /// What is recorded is true.
    Confirm,
    /// Let the step go.
    Release,
    /// Satisfy the line by authority.
    Waive,
    /// Declare the order ready.
    Override,
    /// Bill later.
    Defer,
    /// Wait for information.
    AwaitInformation,
    /// Keep the information that came.
    KeepInformation,
    /// Raise the case.
    Escalate,
    /// Give the case to somebody.
    Assign,
    /// Keep the note.
    Note,
    /// Drop the request.
    Decline,
    /// Give the order up.
    FailOrder,
}

/// What an action comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ActionDecision {
    /// Do it now.
    Perform(ActionEffect),
    /// Keep it until a second person agrees.
    AwaitApproval(ActionEffect),
}

/// Decides an action.
///
/// # Errors
/// The refusal, see [`ActionRefusal`](super::ActionRefusal).
pub fn decide_action(
    action: A,
    asker: Asker<'_>,
    facts: &ActionFacts,
) -> Result<ActionDecision, R> {
    if !action.roles().iter().any(|role| asker.roles.contains(role)) {
        return Err(R::RoleNotAllowed);
    }
    check_status(action, facts)?;
    if action == A::Approve {
        let requested = facts.requested.ok_or(R::ActionNotAllowedInStatus)?;
        if asker.is_requester {
            return Err(R::ApproverMustDiffer);
        }
        return effect_of(requested, facts).map(ActionDecision::Perform);
    }
    let effect = effect_of(action, facts)?;
    Ok(match needs_second_person(action, facts) {
        true => ActionDecision::AwaitApproval(effect),
        false => ActionDecision::Perform(effect),
    })
}

fn check_status(action: A, facts: &ActionFacts) -> Result<(), R> {
    let is_possible = match facts.status {
        CaseStatus::Resolved | CaseStatus::Cancelled => false,
        CaseStatus::AwaitingApproval => action.is_possible_beside_a_request(),
        CaseStatus::Open | CaseStatus::InProgress | CaseStatus::WaitingForInformation => {
            !matches!(action, A::Approve | A::Reject)
        }
    };
    if !is_possible {
        return Err(R::ActionNotAllowedInStatus);
    }
    // A contradiction after the end is settled by saying what is true; nothing changes by that.
    let is_settling = facts.kind == K::Contradiction
        && (action == A::SettleOutcome || facts.requested == Some(A::SettleOutcome));
    match facts.order.is_terminal() && !action.is_about_the_case_only() && !is_settling {
        true => Err(R::OrderIsTerminal),
        false => Ok(()),
    }
}

fn needs_second_person(action: A, facts: &ActionFacts) -> bool {
    match action {
        A::SettleOutcome => true,
        A::SkipStep => facts.step.is_some_and(|x| x.is_mandatory),
        A::WaiveLine => facts.line.is_some_and(|x| x.is_mandatory),
        _ => false,
    }
}

fn effect_of(action: A, facts: &ActionFacts) -> Result<ActionEffect, R> {
    use ActionEffect as E;
    let retry = E::Resolve(FalloutResolution::Retry);
    match (action, facts.kind) {
        (A::Escalate, _) => Ok(E::Escalate),
        (A::Assign, _) => Ok(E::Assign),
        (A::AddNote, _) => Ok(E::Note),
        (A::Reject, _) => Ok(E::Decline),
        (A::RequestMoreInfo, _) => Ok(E::AwaitInformation),
        (A::CancelOrder, _) => Err(R::CancellationNotAvailable),
        (A::FailOrder, _) if facts.has_steps_in_flight => Err(R::StepsInFlight),
        (A::FailOrder, _) => Ok(E::FailOrder),
        (A::Revalidate, K::Readiness) => Ok(retry),
        (A::OverrideReadiness, K::Readiness) => Ok(E::Override),
        (A::RetryDecomposition, K::Decomposition | K::Planning) => Ok(retry),
        (A::RetryBilling, K::Billing) => Ok(retry),
        (A::DeferBilling, K::Billing) => Ok(E::Defer),
        // Of an order that had nothing ahead of it: looked at again, and opened again if need be.
        (A::RetryCompletion, K::Completion | K::Order) => Ok(retry),
        (A::ProvideInfo, K::Readiness | K::Decomposition | K::Planning) => Ok(retry),
        (A::ProvideInfo, K::Step) => send_with_information(step_of(facts)?, facts),
        (A::ProvideInfo, _) => Ok(E::KeepInformation),
        (A::WaiveLine, K::Step | K::Completion | K::Order) => waive(facts),
        (A::RetryStep, K::Step) => retry_step(step_of(facts)?, facts),
        (A::SkipStep, K::Step) => skip(step_of(facts)?),
        (A::ReplaceTarget, K::Step) => replace(step_of(facts)?, facts),
        (A::ReleaseStep, K::Step) if step_of(facts)?.is_held => Ok(E::Release),
        (A::ReleaseStep, K::Step) => Err(R::StepNotHeld),
        (A::SettleOutcome, K::Step) => settle(step_of(facts)?, facts.finding),
        (A::SettleOutcome, K::Contradiction) => settle_contradiction(step_of(facts)?, facts),
        (
            A::Approve
            | A::RetryStep
            | A::SkipStep
            | A::ReplaceTarget
            | A::ReleaseStep
            | A::SettleOutcome
            | A::WaiveLine
            | A::Revalidate
            | A::OverrideReadiness
            | A::RetryDecomposition
            | A::RetryBilling
            | A::DeferBilling
            | A::RetryCompletion,
            _,
        ) => Err(R::ActionNotApplicable),
    }
}

fn step_of(facts: &ActionFacts) -> Result<CaseStep, R> {
    facts.step.ok_or(R::ActionNotApplicable)
}

fn retry_step(step: CaseStep, facts: &ActionFacts) -> Result<ActionEffect, R> {
    match step.status {
        S::Failed if step.is_passed => Err(R::StepIsSettled),
        S::Failed if step.is_contradicted => Err(R::StepOutcomeUnknown),
        S::Failed if facts.is_plan_frozen => Err(R::PlanFrozen),
        S::Failed if step.has_exhausted_attempts => Ok(ActionEffect::SendAgain),
        S::Failed => Ok(ActionEffect::SendAnew),
        S::Unknown | S::Submitted if step.can_be_queried => Ok(ActionEffect::AskFirst),
        S::Unknown | S::Submitted => Err(R::OutcomeCannotBeAsked),
        S::Submitting => Err(R::StepInFlight),
        S::Ready if step.is_held => Err(R::StepIsHeld),
        S::Ready | S::Pending => Err(R::StepAlreadyDue),
        S::Completed | S::Skipped | S::Cancelled => Err(R::StepIsSettled),
    }
}

fn send_with_information(step: CaseStep, facts: &ActionFacts) -> Result<ActionEffect, R> {
    match retry_step(step, facts)? {
        ActionEffect::SendAnew => Ok(ActionEffect::SendAnew),
        _ => Err(R::StepNotRejected),
    }
}

fn skip(step: CaseStep) -> Result<ActionEffect, R> {
    match step.status {
        S::Ready if step.sends.is_in_doubt() => Err(R::StepOutcomeUnknown),
        S::Failed if step.is_contradicted => Err(R::StepOutcomeUnknown),
        S::Pending | S::Ready | S::Failed => Ok(ActionEffect::Skip),
        S::Submitting | S::Submitted => Err(R::StepInFlight),
        S::Unknown => Err(R::StepOutcomeUnknown),
        S::Completed | S::Skipped | S::Cancelled => Err(R::StepIsSettled),
    }
}

fn replace(step: CaseStep, facts: &ActionFacts) -> Result<ActionEffect, R> {
    match step.status {
        S::Failed if step.is_passed => Err(R::StepIsSettled),
        S::Failed if step.is_contradicted => Err(R::StepOutcomeUnknown),
        S::Failed if facts.is_plan_frozen => Err(R::PlanFrozen),
        S::Failed if !step.has_exhausted_attempts => Ok(ActionEffect::Replace),
        _ => Err(R::StepNotReplaceable),
    }
}

fn settle(step: CaseStep, finding: Option<OutcomeFinding>) -> Result<ActionEffect, R> {
    let is_done = finding != Some(OutcomeFinding::NotExecuted);
    match step.status {
        S::Unknown if is_done => Ok(ActionEffect::Complete),
        S::Unknown => Ok(ActionEffect::SendAgain),
        // Accepted and silent, or refused and then done by hand: only "done" is news.
        S::Submitted | S::Failed if is_done => Ok(ActionEffect::Complete),
        S::Ready if step.sends.is_in_doubt() && is_done => Ok(ActionEffect::Complete),
        S::Ready if step.sends.is_in_doubt() => Ok(ActionEffect::SendAgain),
        S::Submitted | S::Submitting => Err(R::StepInFlight),
        S::Pending | S::Ready | S::Failed => Err(R::StepOutcomeKnown),
        // Whatever left its case behind: the case is over.
        S::Completed | S::Skipped | S::Cancelled if is_done => Ok(ActionEffect::Confirm),
        S::Completed | S::Skipped | S::Cancelled => Err(R::StepIsSettled),
    }
}

fn settle_contradiction(step: CaseStep, facts: &ActionFacts) -> Result<ActionEffect, R> {
    let is_done = facts.finding != Some(OutcomeFinding::NotExecuted);
    match step.status {
        S::Completed if !is_done => Err(R::StepIsSettled),
        S::Failed if is_done && facts.finding.is_some() && facts.order.is_terminal() => {
            Err(R::OrderIsTerminal)
        }
        S::Failed if is_done && facts.finding.is_some() => Ok(ActionEffect::Complete),
        _ => Ok(ActionEffect::Confirm),
    }
}

fn waive(facts: &ActionFacts) -> Result<ActionEffect, R> {
    let line = facts.line.ok_or(R::LineNotWaivable)?;
    if !line.status.is_derived() || !line.has_released_steps {
        Err(R::LineNotWaivable)
    } else if line.has_steps_in_flight {
        Err(R::LineHasStepsInFlight)
    } else {
        Ok(ActionEffect::Waive)
    }
}

#[cfg(test)]
mod tests;
