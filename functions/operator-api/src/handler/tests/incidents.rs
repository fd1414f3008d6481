//! Incidents: seen and resolved by who runs the platform, with a reason, once.

use http::StatusCode;
use jiff::SignedDuration;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::commands::{StepAttempt, StepOutcome, record_step_outcomes};
use serde_json::{Value, json};
use test_support::stage::Stage;

use super::fixture::{Answered, Fixture};

/// Every shipping step of an order with this many lines is refused with 401.
async fn refused(lines: usize) -> (Stage, Fixture) {
    let stage = Stage::released(lines).await;
    let attempts = stage.claim().await;
    let batch: Vec<StepOutcome> = attempts.iter().map(refusal).collect();
    let tx = stage.db.store("oms_fulfillment_step_executor").await.system_tx().await.unwrap();
    let _ = record_step_outcomes(tx, &stage.context("executor"), &batch).await.unwrap();
    let fixture = Fixture::on(&stage.db).await;
    (stage, fixture)
}

fn refusal(attempt: &StepAttempt) -> StepOutcome {
    attempt.answered(
        StepAnswer::Refused { detail: "status 401".to_owned() },
        StepPolicy::WITHOUT_SETTINGS,
        Jitter::FULL,
    )
}

fn operator(f: &Fixture) -> String {
    f.token(|claims| {
        claims["scope"] = json!("incidents:read incidents:write");
        claims["roles"] = json!(["platform-operator"]);
    })
}

async fn resolve(f: &Fixture, id: &str, (key, body): (&str, Value)) -> Answered {
    f.post_as(&format!("/incidents/{id}/resolve"), &operator(f), (key, body)).await
}

fn mended() -> Value {
    json!({"reasonCode": "CREDENTIALS_RENEWED", "note": "the token had expired"})
}

#[tokio::test]
async fn one_incident_holds_all_steps_that_met_one_failure_and_resolving_it_releases_them() {
    let (stage, f) = refused(3).await;
    let list = f.get_as("/incidents?status=open&kind=STEP_HELD", Some(&operator(&f))).await;

    assert_eq!(list.body["openCount"], 1);
    let incident = &list.body["incidents"][0];
    assert_eq!(incident["cause"], "LOGISTICS/ship-router/STATUS_401");
    assert_eq!((&incident["heldStepCount"], &incident["occurrenceCount"]), (&json!(3), &json!(3)));
    let id = incident["incidentId"].as_str().unwrap();
    let held = "select count(*) from fulfillment_step where held_by_incident_id is not null";
    assert_eq!(stage.db.number(held).await, 3);
    let done = resolve(&f, id, ("k-1", mended())).await;

    assert_eq!((done.status, &done.body["releasedStepCount"]), (StatusCode::OK, &json!(3)));
    stage.advance(SignedDuration::from_secs(60));
    assert_eq!(stage.claim().await.len(), 3);
    let owed = "select count(*) from outbox_message where kind = 'STEP_DISPATCH'";
    assert!(stage.db.number(owed).await >= 3);
    let audited = "select count(*) from audit_entry where command = 'resolve_incident'
        and actor_name = 'operator' and idempotency_key = 'k-1'";
    assert_eq!(stage.db.number(audited).await, 2, "in the order's chain and in the tenant's");
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn a_repeated_resolution_answers_the_same_and_another_one_is_told_apart() {
    let (stage, f) = refused(1).await;
    let id = stage.db.text("select id::text from platform_incident").await.unwrap();

    let first = resolve(&f, &id, ("k-1", mended())).await;
    let repeated = resolve(&f, &id, ("k-1", mended())).await;
    let other = json!({"reasonCode": "MAPPING_ADDED"});
    let reused = resolve(&f, &id, ("k-1", other.clone())).await;
    let late = resolve(&f, &id, ("k-2", other)).await;
    let nobodys = "01990000-0000-7000-8000-000000000000";
    let unknown = resolve(&f, nobodys, ("k-3", mended())).await;

    assert_eq!((first.status, &first.body), (StatusCode::OK, &repeated.body));
    assert_eq!(reused.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!((late.status, late.code()), (StatusCode::CONFLICT, "INCIDENT_RESOLVED"));
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let by = "select resolved_by || ' ' || resolution_code from platform_incident";
    assert_eq!(stage.db.text(by).await.as_deref(), Some("operator CREDENTIALS_RENEWED"));
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn incidents_are_for_platform_operators_of_the_tenant_only() {
    let (stage, f) = refused(1).await;
    let viewer = f.token(|claims| claims["scope"] = json!("incidents:read"));
    let scopeless = f.token(|claims| claims["roles"] = json!(["platform-operator"]));
    let elsewhere = f.token(|claims| {
        claims["tenant"] = json!("globex");
        claims["scope"] = json!("incidents:read");
        claims["roles"] = json!(["platform-operator"]);
    });

    let ask = async |token: &str| f.get_as("/incidents", Some(token)).await;

    assert_eq!(ask(&viewer).await.code(), "ROLE_MISSING");
    assert_eq!(ask(&scopeless).await.code(), "SCOPE_MISSING");
    let theirs = ask(&elsewhere).await;
    assert_eq!((&theirs.body["openCount"], &theirs.body["incidents"]), (&json!(0), &json!([])));
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn pages_show_every_incident_once_newest_first() {
    let (stage, f) = refused(1).await;
    stage
        .db
        .execute(
            "insert into platform_incident (tenant_id, id, kind, cause, severity, detail,
                 occurrence_count, first_seen_at, last_seen_at)
             select 'acme', gen_random_uuid(), 'CONTRACT_BREACH', 'c' || n, 'MINOR', '-', 1,
                 now() - n * interval '1 day', now()
             from generate_series(1, 4) n",
        )
        .await;
    let mut path = Some("/incidents?limit=2".to_owned());
    let mut seen = Vec::new();

    while let Some(next) = path {
        let page = f.get_as(&next, Some(&operator(&f))).await;
        assert_eq!(page.body["openCount"], 5);
        let incidents = page.body["incidents"].as_array().unwrap();
        seen.extend(incidents.iter().map(|x| x["firstSeenAt"].as_str().unwrap().to_owned()));
        path = page.next();
    }

    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    f.end().await;
    stage.db.finish().await;
}
