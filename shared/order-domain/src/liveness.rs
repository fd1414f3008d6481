//! What gives an order that nothing happens to its next event back (RELIABILITY §1).
//!
//! Every command leaves an order with work, a deadline, a delivery or a case; an order without any
//! of them was left so by a defect or by lost rows. What can be derived from the facts is repaired;
//! for the rest a person is asked.

use crate::plan::PlanStatus;
use crate::step::StepStatus;

/// What the decision reads of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrandedStep {
    /// Its status.
    pub status: StepStatus,
    /// Whether its line needs it.
    pub is_mandatory: bool,
    /// Its dependencies that are not settled, counted anew from the steps themselves.
    pub unsettled_dependency_count: u32,
}

/// How an order gets its next event back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Repair {
    /// Every step is settled: the plan is done, and its process waits to hear it.
    CompletePlan,
    /// These steps, by position, wait for nothing any more.
    ReleaseSteps(Vec<usize>),
    /// The plan is done, but the process may never have heard it: it is told once more.
    TellPlanAgain,
    /// Nothing can be derived: a person decides.
    AskPerson,
}

/// Decides from the plan and its steps, whatever their counters say.
pub fn decide_repair(plan: Option<PlanStatus>, steps: &[StrandedStep]) -> Repair {
    match plan {
        None | Some(PlanStatus::Created | PlanStatus::Frozen | PlanStatus::Cancelled) => {
            Repair::AskPerson
        }
        Some(PlanStatus::Completed) => Repair::TellPlanAgain,
        Some(PlanStatus::Released) => {
            if steps.iter().all(|x| x.status.is_settled(x.is_mandatory)) {
                return Repair::CompletePlan;
            }
            let waits_for_nothing = |x: &StrandedStep| {
                x.status == StepStatus::Pending && x.unsettled_dependency_count == 0
            };
            let free: Vec<usize> =
                (0..steps.len()).filter(|&index| waits_for_nothing(&steps[index])).collect();
            if free.is_empty() { Repair::AskPerson } else { Repair::ReleaseSteps(free) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(status: StepStatus, unsettled_dependency_count: u32) -> StrandedStep {
        StrandedStep { status, is_mandatory: true, unsettled_dependency_count }
    }

    #[test]
    fn a_plan_whose_steps_are_settled_is_completed() {
        let steps = [step(StepStatus::Completed, 0), step(StepStatus::Skipped, 0)];

        assert_eq!(decide_repair(Some(PlanStatus::Released), &steps), Repair::CompletePlan);
    }

    #[test]
    fn a_step_that_waits_for_nothing_is_released_and_no_other() {
        let steps = [
            step(StepStatus::Completed, 0),
            step(StepStatus::Pending, 0),
            step(StepStatus::Pending, 1),
        ];

        let expected = Repair::ReleaseSteps(vec![1]);
        assert_eq!(decide_repair(Some(PlanStatus::Released), &steps), expected);
    }

    #[test]
    fn a_failed_mandatory_step_without_a_case_is_for_a_person() {
        let steps = [step(StepStatus::Failed, 0), step(StepStatus::Pending, 1)];

        assert_eq!(decide_repair(Some(PlanStatus::Released), &steps), Repair::AskPerson);
    }

    #[test]
    fn an_order_without_a_plan_is_for_a_person() {
        assert_eq!(decide_repair(None, &[]), Repair::AskPerson);
        assert_eq!(decide_repair(Some(PlanStatus::Created), &[]), Repair::AskPerson);
    }

    #[test]
    fn a_completed_plan_is_told_again() {
        assert_eq!(decide_repair(Some(PlanStatus::Completed), &[]), Repair::TellPlanAgain);
    }
}
