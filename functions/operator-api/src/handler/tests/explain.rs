//! Explanations: in every situation the true cause is named, and what is said to be allowed or refused
//! is accepted or refused with that code when it is asked for.

pub(super) mod situations;

use http::StatusCode;
use order_domain::fallout::FalloutAction as A;
use serde_json::{Value, json};
use test_support::operations::{OPERATOR, Person, SUPERVISOR};
use test_support::stage::Stage;

use self::situations::{SITUATIONS, Situation};
use super::actions::token;
use super::fixture::{Answered, Fixture};

async fn explain(stage: &Stage, f: &Fixture, person: Person) -> Answered {
    f.get_as(&format!("/orders/{}/explain", stage.order_id), Some(&token(f, person))).await
}

/// The cause of the situation, with the reason of its case.
async fn cause_is_named(stage: &Stage, f: &Fixture, situation: &Situation) {
    let told = explain(stage, f, SUPERVISOR).await;

    assert_eq!(told.status, StatusCode::OK, "{}: {:?}", situation.name, told.body);
    let cause = &told.body["blockers"][0];
    let expected = (json!(situation.cause), json!(situation.reason));
    assert_eq!(
        (cause["code"].clone(), cause["reasonCode"].clone()),
        expected,
        "{}: {:?}",
        situation.name,
        told.body
    );
    assert_eq!(told.body["summary"], cause["sentence"], "{}", situation.name);
    assert!(cause["since"].is_string(), "{}", situation.name);
}

/// Enough for every action that needs more than a reason.
pub(super) fn body_of(action: A) -> Value {
    let mut body = json!({"reasonCode": "TRIED_OUT"});
    match action {
        A::ReplaceTarget => body["targetSystem"] = json!("COURIER"),
        A::RequestMoreInfo => body["requestedInformation"] = json!(["model"]),
        A::ProvideInfo => body["information"] = json!({"model": "R9"}),
        A::Assign => body["assignedGroup"] = json!("night-shift"),
        A::SettleOutcome => {
            body["finding"] = json!("EXECUTED");
            body["externalReference"] = json!("EXT-1");
            body["evidence"] = json!("seen at the system");
        }
        _ => {}
    }
    body
}

/// Every action on every case, compared with what asking for it comes to.
async fn actions_are_as_told(stage: &Stage, f: &Fixture, person: Person, name: &str) -> usize {
    let told = explain(stage, f, person).await;
    let actions = told.body["actions"].as_array().unwrap().clone();
    let line = stage.db.text("select id::text from order_line order by line_number limit 1").await;
    for told in &actions {
        let action: A = told["action"].as_str().unwrap().parse().unwrap();
        let order = format!("/orders/{}", stage.order_id);
        let path = match told["falloutCaseId"].as_str() {
            Some(case) => format!("{order}/fallout-cases/{case}/actions/{action}"),
            None => format!("{order}/actions/{action}"),
        };
        let preview = format!("{path}?preview=true");
        let token = token(f, person);

        let mut body = body_of(action);
        if action == A::WaiveLine {
            body["orderLineId"] = json!(line);
        }
        let came = f.post_as(&preview, &token, ("unused", body)).await;

        let context = format!("{name}: {action} by {}: {:?}", person.name, came.body);
        if told["isAllowed"] == true {
            assert_eq!(came.status, StatusCode::OK, "{context}");
            assert_eq!(came.body["needsApproval"], told["needsApproval"], "{context}");
        } else {
            assert_eq!(json!(came.code()), told["refusedBecause"], "{context}");
            assert!(came.body["detail"] == told["sentence"], "{context}");
        }
    }
    actions.len()
}

#[tokio::test]
async fn in_every_situation_the_true_cause_is_named_and_what_is_told_about_actions_holds() {
    assert!(SITUATIONS.len() >= 20);
    for situation in SITUATIONS {
        // Boxed: a test's stack does not hold every command that makes a situation at once.
        let stage = Box::pin(situation.stage()).await;
        let f = Box::pin(Fixture::on(&stage.db)).await;

        Box::pin(cause_is_named(&stage, &f, situation)).await;
        for person in [OPERATOR, SUPERVISOR] {
            let told = Box::pin(actions_are_as_told(&stage, &f, person, situation.name)).await;
            let cases = "select count(*) from order_fallout_case
                where status not in ('RESOLVED', 'CANCELLED')";
            let cases = usize::try_from(stage.db.number(cases).await).unwrap();
            assert_eq!(told, cases * A::ALL.len() + 2, "{}", situation.name);
        }
        f.end().await;
        stage.db.finish().await;
    }
}

#[tokio::test]
async fn an_explanation_costs_two_round_trips_locks_nobody_out_and_writes_nothing() {
    let stage = Stage::released(2).await;
    let f = Fixture::on(&stage.db).await;
    stage.db.execute("begin; select from product_order for update").await;
    let before = f.store.cost();

    let told = explain(&stage, &f, OPERATOR).await;

    let after = f.store.cost();
    assert_eq!(told.status, StatusCode::OK);
    assert_eq!((after.round_trips - before.round_trips, after.commits - before.commits), (2, 0));
    stage.db.execute("rollback").await;
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn the_same_facts_are_plain_sentences_for_whoever_prefers_text() {
    let stage = Stage::fallen_out(1, &test_support::operations::rejected("NO_STOCK")).await;
    let f = Fixture::on(&stage.db).await;
    let path = format!("/orders/{}/explain", stage.order_id);

    let told = explain(&stage, &f, OPERATOR).await;
    let text = f.text_of(&path, &token(&f, OPERATOR)).await;

    let summary = told.body["summary"].as_str().unwrap();
    assert_eq!(text.lines().nth(1), Some(summary));
    assert!(text.contains("What you can do:\n- retry-step on case "), "{text}");
    assert!(text.contains("ROLE_NOT_ALLOWED: release-step, waive-line, "), "{text}");
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn another_tenants_order_is_not_explained() {
    let stage = Stage::released(1).await;
    let f = Fixture::on(&stage.db).await;

    let theirs = f.get_for("globex", &format!("/orders/{}/explain", stage.order_id)).await;

    assert_eq!((theirs.status, theirs.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    f.end().await;
    stage.db.finish().await;
}
