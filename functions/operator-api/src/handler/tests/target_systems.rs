//! Target systems: seen by everybody whose orders wait, held and released by who may, once per key.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use test_support::stage::Stage;

use super::fixture::{Answered, Fixture};

async fn staged() -> (Stage, Fixture) {
    let stage = Stage::released(2).await;
    stage.configure("LOGISTICS", "http://logistics", json!({})).await;
    let fixture = Fixture::on(&stage.db).await;
    (stage, fixture)
}

fn token(f: &Fixture, role: &str) -> String {
    f.token(|claims| {
        claims["scope"] = json!("target-systems:read target-systems:write");
        claims["roles"] = json!([role]);
    })
}

fn supervisor(f: &Fixture) -> String {
    token(f, "order-supervisor")
}

fn until(hours: i64) -> Value {
    let ends_at = Timestamp::now() + SignedDuration::from_hours(hours);
    json!({"reasonCode": "MAINTENANCE", "note": "new firmware", "endsAt": ends_at})
}

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

async fn ask(f: &Fixture, what: &str, (key, body): (&str, Value)) -> Answered {
    f.post_as(&format!("/target-systems/{what}"), &supervisor(f), (key, body)).await
}

async fn system(f: &Fixture) -> Value {
    let list = f.get_as("/target-systems", Some(&token(f, "order-viewer"))).await;
    assert_eq!(list.status, StatusCode::OK, "{:?}", list.body);
    let systems = list.body["targetSystems"].as_array().unwrap().clone();
    systems.into_iter().find(|x| x["system"] == "LOGISTICS").unwrap()
}

#[tokio::test]
async fn a_system_is_held_seen_and_released_with_who_why_and_until_when() {
    let (stage, f) = staged().await;
    assert_eq!(system(&f).await["status"], "CLOSED");
    let body = until(2);

    let held = ask(&f, "LOGISTICS/hold", ("k-1", body.clone())).await;

    assert_eq!((held.status, &held.body["status"]), (StatusCode::OK, &json!("OPEN")));
    stage
        .db
        .execute("update fulfillment_step set circuit_wait = 'WAITING' where status = 'READY'")
        .await;
    let seen = system(&f).await;
    assert_eq!((&seen["openedBy"], &seen["operator"]), (&json!("OPERATOR"), &json!("operator")));
    assert_eq!((&seen["reasonCode"], &seen["note"]), (&body["reasonCode"], &body["note"]));
    assert_eq!((&seen["waitingStepCount"], &seen["nextProbeAt"]), (&json!(2), &Value::Null));
    assert_eq!(seen["endsAt"], held.body["endsAt"]);
    let order = f.get(&format!("/orders/{}", stage.order_id)).await;
    let next = &order.body["waitingFor"][0]["steps"][0]["nextActionAt"];
    assert_eq!(instant(next), instant(&held.body["endsAt"]), "what waits goes on then");
    let slowly = json!({"reasonCode": "DONE", "drainRatePerMinute": 12});
    let released = ask(&f, "LOGISTICS/release", ("k-2", slowly)).await;
    assert_eq!(released.body["drainRatePerMinute"], 12, "{:?}", released.body);
    assert_eq!(system(&f).await["status"], "DRAINING");
    let audited = "select string_agg(command, ' ' order by sequence) from audit_entry
        where actor_name = 'operator' and order_version is null";
    assert_eq!(stage.db.text(audited).await.as_deref(), Some("hold_system release_system"));
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn a_repeated_hold_answers_the_same_and_what_cannot_be_is_refused_by_its_code() {
    let (stage, f) = staged().await;
    let body = until(2);

    let first = ask(&f, "LOGISTICS/hold", ("k-1", body.clone())).await;
    let repeated = ask(&f, "LOGISTICS/hold", ("k-1", body.clone())).await;
    let reused = ask(&f, "LOGISTICS/hold", ("k-1", until(3))).await;
    let released = ask(&f, "BILLING/release", ("k-2", json!({"reasonCode": "DONE"}))).await;
    let far = ask(&f, "LOGISTICS/hold", ("k-3", until(24 * 8))).await;
    let past = ask(&f, "LOGISTICS/hold", ("k-4", until(-1))).await;
    stage.configure("BILLING", "http://billing", json!({})).await;
    let closed = ask(&f, "BILLING/release", ("k-5", json!({"reasonCode": "DONE"}))).await;
    let fast = json!({"reasonCode": "DONE", "drainRatePerMinute": 0});
    let impossible = ask(&f, "LOGISTICS/release", ("k-6", fast)).await;

    assert_eq!((first.status, &first.body), (StatusCode::OK, &repeated.body));
    assert_eq!(reused.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(released.status, StatusCode::NOT_FOUND, "the tenant has no such system");
    assert_eq!((far.code(), past.code()), ("HOLD_IS_TOO_LONG", "HOLD_ENDS_IN_THE_PAST"));
    assert_eq!((closed.status, closed.code()), (StatusCode::CONFLICT, "CIRCUIT_NOT_OPEN"));
    assert_eq!(impossible.body["errors"][0]["pointer"], "/drainRatePerMinute");
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn supervisors_and_platform_operators_hold_and_every_role_of_the_tenant_sees() {
    let (stage, f) = staged().await;
    let post = async |token: &str, key: &str| {
        f.post_as("/target-systems/LOGISTICS/hold", token, (key, until(1))).await
    };

    for role in ["order-viewer", "order-operator"] {
        assert_eq!(post(&token(&f, role), role).await.code(), "ROLE_MISSING");
    }
    for role in ["order-supervisor", "platform-operator"] {
        assert_eq!(post(&token(&f, role), role).await.status, StatusCode::OK);
    }
    let scopeless = f.token(|claims| claims["roles"] = json!(["order-supervisor"]));
    assert_eq!(post(&scopeless, "s").await.code(), "SCOPE_MISSING");
    let roleless = f.token(|claims| claims["scope"] = json!("target-systems:read"));
    assert_eq!(f.get_as("/target-systems", Some(&roleless)).await.code(), "ROLE_MISSING");
    let elsewhere = f.token(|claims| {
        claims["tenant"] = json!("globex");
        claims["scope"] = json!("target-systems:read target-systems:write");
        claims["roles"] = json!(["order-supervisor"]);
    });
    assert_eq!(post(&elsewhere, "e").await.status, StatusCode::NOT_FOUND);
    let theirs = f.get_as("/target-systems", Some(&elsewhere)).await;
    assert_eq!(theirs.body["targetSystems"], json!([]));
    f.end().await;
    stage.db.finish().await;
}
