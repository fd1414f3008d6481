use uuid::Uuid;

use super::*;
use crate::circuit::CircuitStatus;
use crate::fallout::{CaseKind, CaseStatus, Severity};
use crate::ids::{FulfillmentStepId, IncidentId};
use crate::order::OrderFacts;
use crate::plan::PlanStatus;
use crate::step::StepStatus;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-27T12:00:00Z")
}

fn step(status: StepStatus) -> ExplainedStep {
    ExplainedStep {
        id: FulfillmentStepId::from_uuid(Uuid::nil()),
        step_key: "1:ship".to_owned(),
        target_system: "LOGISTICS".to_owned(),
        operation: "ship-router".to_owned(),
        status,
        is_mandatory: true,
        attempt_count: 0,
        max_attempts: 6,
        next_attempt_at: None,
        next_check_at: None,
        leased_until: None,
        deadline_at: None,
        since: at("2026-11-27T10:42:00Z"),
        held_by: None,
        circuit: None,
    }
}

fn case(status: CaseStatus) -> ExplainedCase {
    ExplainedCase {
        id: FalloutCaseId::from_uuid(Uuid::nil()),
        kind: CaseKind::Step,
        status,
        severity: Severity::Major,
        reason_code: "NO_STOCK".to_owned(),
        is_blocking: true,
        owner_group: "order-operations".to_owned(),
        owner_user: None,
        opened_at: at("2026-11-27T10:43:00Z"),
        due_at: Some(at("2026-11-30T10:43:00Z")),
        step_id: Some(FulfillmentStepId::from_uuid(Uuid::nil())),
        requested: None,
        requested_information: Vec::new(),
    }
}

fn order() -> ExplainedOrder {
    ExplainedOrder {
        order_id: OrderId::from_uuid(Uuid::nil()),
        order_number: "ORD-1".to_owned(),
        status: OrderStatus::FulfillmentInProgress,
        version: 7,
        updated_at: at("2026-11-27T10:40:00Z"),
        facts: OrderFacts {
            is_validated: true,
            is_decomposed: true,
            is_planned: true,
            is_released: true,
            ..OrderFacts::default()
        },
        plan: Some(PlanStatus::Released),
        process: Process::Running { next_check_at: None },
        deliveries: Vec::new(),
        incidents: Vec::new(),
        steps: Vec::new(),
        cases: Vec::new(),
        unfulfilled_mandatory_lines: Vec::new(),
        communication_owed_since: None,
    }
}

fn with_step(step: ExplainedStep) -> ExplainedOrder {
    ExplainedOrder { steps: vec![step], ..order() }
}

fn with_case(case: ExplainedCase) -> ExplainedOrder {
    ExplainedOrder {
        steps: vec![step(StepStatus::Failed)],
        cases: vec![case],
        status: OrderStatus::Fallout,
        ..order()
    }
}

type Situation = (&'static str, ExplainedOrder, BlockerCode);

/// A situation, and the code of its cause.
fn situations() -> Vec<Situation> {
    [step_situations(), case_situations(), process_situations()].concat()
}

fn step_situations() -> Vec<Situation> {
    use BlockerCode as B;
    use StepStatus as S;
    let later = Some(at("2026-11-27T12:05:00Z"));
    let retry = ExplainedStep { attempt_count: 2, next_attempt_at: later, ..step(S::Ready) };
    let late = ExplainedStep {
        deadline_at: Some(at("2026-11-27T11:00:00Z")),
        next_check_at: later,
        ..step(S::Submitted)
    };
    let held =
        ExplainedStep { held_by: Some(IncidentId::from_uuid(Uuid::nil())), ..step(S::Ready) };
    let circuit = |status, operator: Option<&str>| ExplainedCircuit {
        status,
        since: at("2026-11-27T10:50:00Z"),
        operator: operator.map(str::to_owned),
        next_move_at: later,
        drain_rate_per_minute: 60,
        holds_step: true,
    };
    let on_hold = |status, operator| {
        with_step(ExplainedStep { circuit: Some(circuit(status, operator)), ..step(S::Ready) })
    };
    let out_and_unknown = ExplainedStep {
        circuit: Some(circuit(CircuitStatus::Open, None)),
        next_check_at: Some(at("2026-11-27T11:55:00Z")),
        ..step(S::Unknown)
    };
    vec![
        ("a system is held", on_hold(CircuitStatus::Open, Some("sven")), B::StepWaitsForSystem),
        ("a system is out", on_hold(CircuitStatus::Open, None), B::StepWaitsForSystem),
        ("a system is tried", on_hold(CircuitStatus::Probing, None), B::StepWaitsForSystem),
        ("a system is back", on_hold(CircuitStatus::Draining, None), B::StepWaitsForSystem),
        ("nobody knows and the system is out", with_step(out_and_unknown), B::StepOutcomeUnknown),
        ("a step is about to be sent", with_step(step(S::Ready)), B::StepWaitsToBeSent),
        ("a step waits for its next attempt", with_step(retry), B::StepWaitsForRetry),
        ("a call is under way", with_step(step(S::Submitting)), B::StepBeingSent),
        ("a system works", with_step(step(S::Submitted)), B::StepWaitsForAnswer),
        ("a system is late", with_step(late), B::StepOverdue),
        ("nobody knows", with_step(step(S::Unknown)), B::StepOutcomeUnknown),
        ("a step is held", with_step(held), B::StepHeld),
    ]
}

fn case_situations() -> Vec<Situation> {
    use BlockerCode as B;
    let asked = ExplainedCase {
        requested: Some((FalloutAction::SkipStep, "olga".to_owned())),
        ..case(CaseStatus::AwaitingApproval)
    };
    let waiting = ExplainedCase {
        requested_information: vec!["floor".to_owned()],
        owner_user: Some("olga".to_owned()),
        ..case(CaseStatus::WaitingForInformation)
    };
    vec![
        ("a case is open", with_case(case(CaseStatus::Open)), B::CaseOpen),
        ("a case is worked on", with_case(case(CaseStatus::InProgress)), B::CaseInProgress),
        ("a case waits for approval", with_case(asked), B::CaseAwaitsApproval),
        ("a case waits for information", with_case(waiting), B::CaseWaitsForInformation),
    ]
}

fn process_situations() -> Vec<Situation> {
    use BlockerCode as B;
    let dead = OwedDelivery {
        kind: "WORKFLOW_START".to_owned(),
        available_at: at("2026-11-27T09:00:00Z"),
        attempt_count: 12,
        is_dead: true,
    };
    let incident = OpenIncident {
        id: IncidentId::from_uuid(Uuid::nil()),
        kind: "ENGINE_INCIDENT".to_owned(),
        since: at("2026-11-27T11:59:00Z"),
    };
    let word = ExplainedOrder {
        status: OrderStatus::Completed,
        communication_owed_since: Some(at("2026-11-27T11:58:00Z")),
        ..order()
    };
    let dead = ExplainedOrder { deliveries: vec![dead], ..order() };
    let stopped = ExplainedOrder { incidents: vec![incident], ..order() };
    let new = ExplainedOrder { process: Process::NotStarted, ..order() };
    let lost = ExplainedOrder { process: Process::Lost, ..order() };
    let done = ExplainedOrder { plan: Some(PlanStatus::Completed), ..order() };
    vec![
        ("a delivery is dead", dead, B::DeliveryDead),
        ("the engine stopped", stopped, B::IncidentOpen),
        ("no process yet", new, B::ProcessNotStarted),
        ("the process is lost", lost, B::ProcessLost),
        ("billing is next", done, B::ProcessAtMilestone),
        ("the customer waits for a word", word, B::CommunicationOwed),
    ]
}

#[test]
fn the_first_blocker_names_the_cause_in_every_situation() {
    let mut page = String::new();
    for (name, order, cause) in situations() {
        let explanation = explain(&order, Vec::new(), now());
        assert_eq!(explanation.blockers.first().map(|x| x.code), Some(cause), "{name}");
        page += &format!("# {name}\n{}\n", to_text(&explanation));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn nothing_stands_in_the_way_of_an_order_that_is_over() {
    for status in [OrderStatus::Completed, OrderStatus::Cancelled, OrderStatus::Failed] {
        let over = ExplainedOrder { status, process: Process::Ended, ..order() };

        let explanation = explain(&over, Vec::new(), now());

        assert_eq!(explanation.blockers, []);
        assert_eq!(explanation.unmet_conditions, []);
        assert_eq!(explanation.next, []);
    }
}

#[test]
fn what_blocks_stands_before_what_does_not_however_urgent_that_is() {
    let optional = ExplainedCase { is_blocking: false, ..case(CaseStatus::Open) };
    let mut waiting = with_step(step(StepStatus::Submitted));
    waiting.cases = vec![optional];

    let codes: Vec<BlockerCode> = blockers(&waiting, now()).iter().map(|x| x.code).collect();

    assert_eq!(codes, [BlockerCode::StepWaitsForAnswer, BlockerCode::CaseOpen]);
}

#[test]
fn events_come_soonest_first_and_a_deadline_that_has_passed_is_none() {
    let mut soon = step(StepStatus::Submitted);
    soon.next_check_at = Some(at("2026-11-27T12:01:00Z"));
    soon.deadline_at = Some(at("2026-11-27T16:00:00Z"));
    let mut late = step(StepStatus::Ready);
    late.next_attempt_at = Some(at("2026-11-27T12:00:30Z"));
    late.deadline_at = Some(at("2026-11-27T11:00:00Z"));
    let order = ExplainedOrder { steps: vec![soon, late], ..order() };

    let codes: Vec<NextCode> = next_events(&order, now()).iter().map(|x| x.code).collect();

    assert_eq!(codes, [NextCode::StepSent, NextCode::StepChecked, NextCode::StepBecomesLate]);
}
