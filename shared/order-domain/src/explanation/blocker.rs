//! What stands in an order's way: a person, engineering, a target system, or the process itself.

use jiff::Timestamp;
use serde::Serialize;

use super::circuit;
use super::facts::{ExplainedCase, ExplainedOrder, ExplainedStep, Process};
use super::text::moment;
use crate::fallout::CaseStatus;
use crate::ids::{FalloutCaseId, IncidentId};
use crate::order::{OrderStatus, milestone_to_resume};
use crate::step::StepStatus;
use crate::text_enum::text_enum;

text_enum! {
    /// What kind of thing stands in the way; the order is that of urgency.
    BlockerCode {
        /// A person must act on a case.
        CaseOpen = "CASE_OPEN",
        /// A second person must approve or reject.
        CaseAwaitsApproval = "CASE_AWAITS_APPROVAL",
        /// Customer or sales must supply something.
        CaseWaitsForInformation = "CASE_WAITS_FOR_INFORMATION",
        /// Somebody works on a case, or its step was sent again.
        CaseInProgress = "CASE_IN_PROGRESS",
        /// Engineering must mend something that concerns the order.
        IncidentOpen = "INCIDENT_OPEN",
        /// An incident holds a step.
        StepHeld = "STEP_HELD",
        /// A delivery was given up.
        DeliveryDead = "DELIVERY_DEAD",
        /// A step waits for its system, which is held or out of service.
        StepWaitsForSystem = "STEP_WAITS_FOR_SYSTEM",
        /// Nobody knows whether a step was carried out.
        StepOutcomeUnknown = "STEP_OUTCOME_UNKNOWN",
        /// A target system is later than agreed.
        StepOverdue = "STEP_OVERDUE",
        /// A target system has accepted a step and works on it.
        StepWaitsForAnswer = "STEP_WAITS_FOR_ANSWER",
        /// A call is under way.
        StepBeingSent = "STEP_BEING_SENT",
        /// A step is sent again after a pause.
        StepWaitsForRetry = "STEP_WAITS_FOR_RETRY",
        /// A step is about to be sent.
        StepWaitsToBeSent = "STEP_WAITS_TO_BE_SENT",
        /// The process has not started.
        ProcessNotStarted = "PROCESS_NOT_STARTED",
        /// The process is gone and is put back.
        ProcessLost = "PROCESS_LOST",
        /// The process is at a milestone.
        ProcessAtMilestone = "PROCESS_AT_MILESTONE",
        /// The customer is about to be told.
        CommunicationOwed = "COMMUNICATION_OWED",
    }
}

/// One thing in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Blocker {
    /// What it is.
    pub code: BlockerCode,
    /// The same in a sentence.
    pub sentence: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Who must act: a group, a person, a target system or `engineering`; absent: nobody, it goes
    /// on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// By when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Why, as a code: the reason of the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// The case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallout_case_id: Option<FalloutCaseId>,
    /// The step, by its key in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_key: Option<String>,
    /// The system that is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_system: Option<String>,
    /// The incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident_id: Option<IncidentId>,
}

impl Blocker {
    fn new(code: BlockerCode, sentence: String, since: Option<Timestamp>) -> Self {
        Self {
            code,
            sentence,
            since,
            who: None,
            due_at: None,
            reason_code: None,
            fallout_case_id: None,
            step_key: None,
            target_system: None,
            incident_id: None,
        }
    }
}

/// Everything in the way, the cause first: what blocks before what does not, then by urgency, then
/// the oldest.
#[must_use]
pub fn blockers(order: &ExplainedOrder, now: Timestamp) -> Vec<Blocker> {
    let mut found: Vec<(bool, Blocker)> =
        order.cases.iter().map(|x| (!x.is_blocking, of_case(order, x, now))).collect();
    if !order.status.is_terminal() {
        found.extend(order.incidents.iter().map(|x| {
            let sentence = format!("Engineering must mend an incident of the order: {}.", x.kind);
            let who = Some("engineering".to_owned());
            let blocker = Blocker::new(BlockerCode::IncidentOpen, sentence, Some(x.since));
            (false, Blocker { who, incident_id: Some(x.id), ..blocker })
        }));
        found.extend(order.deliveries.iter().filter(|x| x.is_dead).map(|x| {
            let sentence = format!(
                "A delivery of kind {} was given up after {} tries; engineering must mend it.",
                x.kind, x.attempt_count
            );
            let who = Some("engineering".to_owned());
            let blocker = Blocker::new(BlockerCode::DeliveryDead, sentence, Some(x.available_at));
            (false, Blocker { who, ..blocker })
        }));
        let waiting = order
            .steps
            .iter()
            .filter_map(|x| Some((!x.is_mandatory, of_circuit(x).or_else(|| of_step(x, now))?)));
        found.extend(waiting);
    }
    found.sort_by(|(a_optional, a), (b_optional, b)| {
        (a_optional, a.code, a.since).cmp(&(b_optional, b.code, b.since))
    });
    let mut blockers: Vec<Blocker> = found.into_iter().map(|(_, blocker)| blocker).collect();
    // The process stands in the way only of an order that waits for nobody else.
    if blockers.iter().all(|x| x.code == BlockerCode::IncidentOpen) {
        blockers.extend(of_process(order));
    }
    blockers
}

fn of_case(order: &ExplainedOrder, case: &ExplainedCase, now: Timestamp) -> Blocker {
    let step = order.steps.iter().find(|x| Some(x.id) == case.step_id);
    let subject = step.map_or_else(String::new, |x| {
        format!(" of step {} ({} {})", x.step_key, x.target_system, x.operation)
    });
    let owner = case.owner_user.as_ref().unwrap_or(&case.owner_group);
    let late = match case.due_at {
        Some(due) if due <= now => format!(", overdue since {}", moment(due)),
        Some(due) => format!(", due {}", moment(due)),
        None => String::new(),
    };
    let what = format!("Case {}{subject} since {}", case.reason_code, moment(case.opened_at));
    let (code, who, sentence) = match case.status {
        CaseStatus::AwaitingApproval => {
            let (action, by) = case
                .requested
                .as_ref()
                .map_or(("an action", "somebody"), |x| (x.0.as_str(), x.1.as_str()));
            let sentence = format!(
                "{what}: {by} asked for {action}; another supervisor must approve or reject{late}."
            );
            (BlockerCode::CaseAwaitsApproval, "order-supervisor", sentence)
        }
        CaseStatus::WaitingForInformation => {
            let names = case.requested_information.join(", ");
            let sentence = format!("{what} waits for information: {names} ({owner} asks{late}).");
            (BlockerCode::CaseWaitsForInformation, owner.as_str(), sentence)
        }
        CaseStatus::InProgress => {
            let sentence = format!("{what} is in progress with {owner}{late}.");
            (BlockerCode::CaseInProgress, owner.as_str(), sentence)
        }
        CaseStatus::Open | CaseStatus::Resolved | CaseStatus::Cancelled => {
            let sentence = format!("{what}: {owner} must act{late}.");
            (BlockerCode::CaseOpen, owner.as_str(), sentence)
        }
    };
    Blocker {
        who: Some(who.to_owned()),
        due_at: case.due_at,
        reason_code: Some(case.reason_code.clone()),
        fallout_case_id: Some(case.id),
        step_key: step.map(|x| x.step_key.clone()),
        target_system: step.map(|x| x.target_system.clone()),
        ..Blocker::new(code, sentence, Some(case.opened_at))
    }
}

/// A step that waits for its system, which concerns all steps for it.
fn of_circuit(step: &ExplainedStep) -> Option<Blocker> {
    let circuit = circuit::that_holds(step)?;
    let (code, sentence) = (BlockerCode::StepWaitsForSystem, circuit::sentence(step, circuit));
    Some(Blocker {
        due_at: step.deadline_at,
        step_key: Some(step.step_key.clone()),
        target_system: Some(step.target_system.clone()),
        ..Blocker::new(code, sentence, Some(circuit.since))
    })
}

fn of_step(step: &ExplainedStep, now: Timestamp) -> Option<Blocker> {
    let name = format!("Step {} ({} {})", step.step_key, step.target_system, step.operation);
    let since = moment(step.since);
    let is_late = step.deadline_at.is_some_and(|due| due <= now);
    let (code, who, sentence) = match step.status {
        StepStatus::Ready if step.held_by.is_some() => (
            BlockerCode::StepHeld,
            Some("engineering"),
            format!("{name} is held by an incident since {since}; engineering must mend it."),
        ),
        StepStatus::Unknown => (
            BlockerCode::StepOutcomeUnknown,
            None,
            format!(
                "{name}: nobody knows since {since} whether it was carried out; it is asked about."
            ),
        ),
        StepStatus::Submitted if is_late => (
            BlockerCode::StepOverdue,
            Some(step.target_system.as_str()),
            format!("{name} is later than agreed; {} has it since {since}.", step.target_system),
        ),
        StepStatus::Submitted => (
            BlockerCode::StepWaitsForAnswer,
            Some(step.target_system.as_str()),
            format!("{name} waits since {since} for the answer of {}.", step.target_system),
        ),
        StepStatus::Submitting => {
            (BlockerCode::StepBeingSent, None, format!("{name} is being sent since {since}."))
        }
        StepStatus::Ready if step.attempt_count > 0 => (
            BlockerCode::StepWaitsForRetry,
            None,
            format!("{name} is tried again{}.", attempts(step)),
        ),
        StepStatus::Ready => {
            (BlockerCode::StepWaitsToBeSent, None, format!("{name} is about to be sent."))
        }
        // A failed step has a case, a pending one waits for others of the list.
        StepStatus::Failed
        | StepStatus::Pending
        | StepStatus::Completed
        | StepStatus::Skipped
        | StepStatus::Cancelled => return None,
    };
    Some(Blocker {
        who: who.map(str::to_owned),
        due_at: step.deadline_at,
        step_key: Some(step.step_key.clone()),
        target_system: Some(step.target_system.clone()),
        incident_id: step.held_by,
        ..Blocker::new(code, sentence, Some(step.since))
    })
}

pub(super) fn attempts(step: &ExplainedStep) -> String {
    let next = step.attempt_count + 1;
    match step.max_attempts {
        0 => format!(", attempt {next}"),
        most => format!(", attempt {next} of {most}"),
    }
}

fn of_process(order: &ExplainedOrder) -> Option<Blocker> {
    let since = Some(order.updated_at);
    if order.status.is_terminal() {
        let owed_since = order.communication_owed_since?;
        let sentence = format!("The customer waits for a word since {}.", moment(owed_since));
        return Some(Blocker::new(BlockerCode::CommunicationOwed, sentence, Some(owed_since)));
    }
    let owes_word = order.communication_owed_since.is_some();
    let next = milestone_to_resume(order.status, &order.facts, order.plan, owes_word)?;
    let (code, sentence) = match order.process {
        Process::NotStarted | Process::Starting { .. } => (
            BlockerCode::ProcessNotStarted,
            "The order's process is about to be started.".to_owned(),
        ),
        Process::Lost | Process::Ended => (
            BlockerCode::ProcessLost,
            format!("The order's process is gone and is put back at the milestone {next}."),
        ),
        Process::Running { .. } => (
            BlockerCode::ProcessAtMilestone,
            format!("The order's process is at the milestone {next}."),
        ),
    };
    debug_assert_ne!(order.status, OrderStatus::Completed, "a closed order was answered above");
    Some(Blocker::new(code, sentence, since))
}
