//! Role × status × action, for every kind of case: the API answers what the domain's table says.
//!
//! The table itself is a reviewed snapshot of `order-domain` (`fallout/decide_action`).

use order_domain::actor::Role;
use order_domain::fallout::{
    ActionDecision, ActionFacts, Asker, CaseKind, CaseLine, CaseStatus, CaseStep,
    FalloutAction as A, decide_action,
};
use order_domain::line::LineStatus;
use order_domain::order::OrderStatus;
use order_domain::step::{SendFacts, StepStatus};
use serde_json::json;
use test_support::operations::Person;
use test_support::stage::Stage;

use super::actions::token;
use super::explain::body_of;
use super::explain::situations::SITUATIONS;
use super::fixture::Fixture;

/// A situation with one open case of each kind, and what is true of its step and its order then.
const CASES: [(&str, CaseKind, StepStatus, OrderStatus); 6] = [
    ("not ready", CaseKind::Readiness, StepStatus::Pending, OrderStatus::Fallout),
    ("not decomposable", CaseKind::Decomposition, StepStatus::Pending, OrderStatus::Fallout),
    ("rejected", CaseKind::Step, StepStatus::Failed, OrderStatus::Fallout),
    ("contradicted", CaseKind::Contradiction, StepStatus::Completed, OrderStatus::Fallout),
    ("not billed", CaseKind::Billing, StepStatus::Pending, OrderStatus::Fallout),
    ("not complete", CaseKind::Completion, StepStatus::Pending, OrderStatus::Fallout),
];

const ROLES: [Person; 4] = [
    Person { name: "vera", role: Role::OrderViewer },
    Person { name: "olga", role: Role::OrderOperator },
    Person { name: "sven", role: Role::OrderSupervisor },
    Person { name: "pete", role: Role::PlatformOperator },
];

fn facts(
    (kind, step, order): (CaseKind, StepStatus, OrderStatus),
    status: CaseStatus,
    action: A,
) -> ActionFacts {
    let has_step = matches!(kind, CaseKind::Step | CaseKind::Contradiction);
    let step = CaseStep {
        status: step,
        is_mandatory: true,
        is_held: false,
        has_exhausted_attempts: false,
        sends: SendFacts::default(),
        can_be_queried: true,
        is_contradicted: kind == CaseKind::Contradiction,
        is_passed: false,
    };
    let line = CaseLine {
        status: LineStatus::Failed,
        is_mandatory: true,
        has_released_steps: true,
        has_steps_in_flight: false,
    };
    let finding =
        (action == A::SettleOutcome).then_some(order_domain::fallout::OutcomeFinding::Executed);
    ActionFacts {
        order,
        is_plan_frozen: false,
        has_steps_in_flight: false,
        kind,
        status,
        requested: (status == CaseStatus::AwaitingApproval).then_some(A::FailOrder),
        step: has_step.then_some(step),
        line: has_step.then_some(line),
        finding,
    }
}

/// What the table says: `do`, `ask` a second person, or the code of the refusal.
fn decided(facts: &ActionFacts, (person, action): (Person, A)) -> String {
    let roles = [person.role];
    match decide_action(action, Asker { roles: &roles, is_requester: false }, facts) {
        Ok(ActionDecision::Perform(_)) => "do".to_owned(),
        Ok(ActionDecision::AwaitApproval(_)) => "ask".to_owned(),
        Err(refusal) => refusal.code().to_owned(),
    }
}

/// Moves the case to this status past every command.
async fn put(stage: &Stage, status: CaseStatus) {
    let resolved = if status == CaseStatus::Resolved { "now()" } else { "null" };
    let pending = if status == CaseStatus::AwaitingApproval {
        json!({"actionId": uuid_of_nobody(), "action": "fail-order", "input": {}, "requestedBy": "nora",
            "reasonCode": "X_Y", "note": null})
        .to_string()
    } else {
        "null".to_owned()
    };
    let pending = if pending == "null" { pending } else { format!("'{pending}'") };
    let sql = format!(
        "update order_fallout_case set status = '{status}', resolved_at = {resolved},
             pending_request = {pending}"
    );
    stage.db.execute(&sql).await;
}

const fn uuid_of_nobody() -> &'static str {
    "01990000-0000-7000-8000-000000000000"
}

#[tokio::test]
async fn every_role_hears_of_every_action_in_every_status_what_the_table_says() {
    let mut asked = 0;
    for (name, kind, step, order) in CASES {
        let situation = SITUATIONS.iter().find(|x| x.name == name).unwrap();
        let stage = situation.stage().await;
        let f = Fixture::on(&stage.db).await;
        let path = format!("/orders/{}/fallout-cases/{}", stage.order_id, stage.case().await);
        for status in CaseStatus::ALL {
            put(&stage, *status).await;
            for person in ROLES {
                let token = token(&f, person);
                for action in A::ALL {
                    let preview = format!("{path}/actions/{action}?preview=true");
                    let came = f.post_as(&preview, &token, ("unused", body_of(*action))).await;
                    let answer = match (came.status.as_u16(), &came.body["needsApproval"]) {
                        (200, needs) if *needs == json!(true) => "ask",
                        (200, _) => "do",
                        _ => came.code(),
                    };
                    let facts = facts((kind, step, order), *status, *action);
                    let expected = decided(&facts, (person, *action));
                    assert_eq!(answer, expected, "{name} {status} {action} {:?}", person.role);
                    asked += 1;
                }
            }
        }
        f.end().await;
        stage.db.finish().await;
    }
    assert_eq!(asked, CASES.len() * CaseStatus::ALL.len() * ROLES.len() * A::ALL.len());
}
