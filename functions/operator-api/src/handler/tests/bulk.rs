//! Bulk actions over HTTP: prepared, read, moved on a version; what is none is refused by its code.

use http::StatusCode;
use serde_json::{Value, json};
use test_support::operations::rejected;
use test_support::stage::Stage;

use super::fixture::{Answered, Fixture};

/// So many orders that fell out alike.
async fn fallen_out(count: u32) -> (Stage, Fixture) {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    stage.multiply(count - 1).await;
    let fixture = Fixture::on(&stage.db).await;
    (stage, fixture)
}

fn person(f: &Fixture, subject: &str, role: &str) -> String {
    f.token(|claims| {
        claims["sub"] = json!(subject);
        claims["scope"] = json!("orders:read orders:write");
        claims["roles"] = json!([role]);
    })
}

fn retry() -> Value {
    json!({"action": "retry-step", "reasonCode": "SYSTEM_MENDED", "canarySize": 2,
        "selection": {"failureSignature": "LOGISTICS/ship-router/NO_STOCK"}})
}

async fn prepare(f: &Fixture, (key, body): (&str, Value)) -> Answered {
    f.post_as("/bulk-actions", &person(f, "olga", "order-operator"), (key, body)).await
}

/// As the worker leaves it after the dry run.
async fn looked_ahead(stage: &Stage) {
    let sql = "update bulk_action_item set status = 'PENDING', forecast = 'RESEND',
            is_canary = position <= 2;
        update bulk_action set status = 'PREPARED', version = 2, expires_at = now() + interval '1 day'";
    stage.db.execute(sql).await;
}

#[tokio::test]
async fn a_bulk_action_is_prepared_read_and_moved_on_its_version() {
    let (stage, f) = fallen_out(3).await;
    let prepared = prepare(&f, ("k-1", retry())).await;

    assert_eq!((prepared.status, &prepared.body["itemCount"]), (StatusCode::CREATED, &json!(3)));
    let path = prepared.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(prepared.body["links"]["bulkAction"], json!(path));
    let repeated = prepare(&f, ("k-1", retry())).await;
    assert_eq!(repeated.body, prepared.body);
    looked_ahead(&stage).await;
    let olga = person(&f, "olga", "order-operator");
    let shown = f.get_as(&path, Some(&olga)).await;
    assert_eq!(shown.headers["etag"], "\"2\"");
    assert_eq!(shown.body["counts"]["waiting"], 3);
    assert_eq!(shown.body["forecasts"], json!({"RESEND": 3}));
    assert_eq!(shown.body["canary"]["total"], 2);

    let why = || json!({"reasonCode": "DRY_RUN_IS_FINE"});
    let start = format!("{path}/start");
    let without = f.act_as(&start, &olga, ("k-2", "", why())).await;
    let stale = f.act_as(&start, &olga, ("k-3", "\"1\"", why())).await;
    let started = f.act_as(&start, &olga, ("k-4", "\"2\"", why())).await;
    let again = f.act_as(&start, &olga, ("k-5", "\"3\"", why())).await;
    assert_eq!(without.code(), "PRECONDITION_REQUIRED");
    assert_eq!((stale.status, stale.code()), (StatusCode::PRECONDITION_FAILED, "VERSION_CONFLICT"));
    assert_eq!((&started.body["status"], &started.body["version"]), (&json!("CANARY"), &json!(3)));
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "BULK_NOT_POSSIBLE_IN_STATUS"));
    let journal = f.get_as(&path, Some(&olga)).await.body["journal"].clone();
    assert_eq!((&journal[1]["command"], &journal[1]["by"]), (&json!("start"), &json!("olga")));
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn its_cases_come_page_by_page_and_each_once() {
    let (stage, f) = fallen_out(5).await;
    let path =
        prepare(&f, ("k-1", retry())).await.body["links"]["items"].as_str().unwrap().to_owned();
    looked_ahead(&stage).await;
    let olga = person(&f, "olga", "order-operator");

    let mut positions = Vec::new();
    let mut next = Some(format!("{path}?limit=2&status=PENDING"));
    while let Some(page) = next {
        let answered = f.get_as(&page, Some(&olga)).await;
        let items = answered.body["items"].as_array().unwrap().clone();
        positions.extend(items.iter().map(|x| x["position"].as_u64().unwrap()));
        next = answered.next();
    }

    assert_eq!(positions, [1, 2, 3, 4, 5]);
    let none = f.get_as(&format!("{path}?status=REFUSED"), Some(&olga)).await;
    assert_eq!(none.body["items"], json!([]));
    let nobodys = path.replace('0', "1");
    assert_eq!(f.get_as(&nobodys, Some(&olga)).await.status, StatusCode::NOT_FOUND);
    let forged = f.get_as(&format!("{path}?cursor=abc"), Some(&olga)).await;
    assert_eq!(forged.code(), "CURSOR_INVALID");
    let list = f.get_as("/bulk-actions?limit=1", Some(&olga)).await;
    assert_eq!((list.body["bulkActions"].as_array().unwrap().len(), list.next()), (1, None));
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn what_no_bulk_action_can_be_is_refused_by_its_code() {
    let (stage, f) = fallen_out(1).await;
    let changed = |name: &str, value: Value| {
        let mut body = retry();
        body[name] = value;
        body
    };
    let refused = [
        (changed("selection", json!({})), "BODY_INVALID", Some("/selection")),
        (
            changed("selection", json!({"status": "RESOLVED"})),
            "BODY_INVALID",
            Some("/selection/status"),
        ),
        (
            changed("selection", json!({"targetSystem": "a/b"})),
            "BODY_INVALID",
            Some("/selection/targetSystem"),
        ),
        (changed("canarySize", json!(26)), "BODY_INVALID", Some("/canarySize")),
        (changed("ratePerMinute", json!(0)), "BODY_INVALID", Some("/ratePerMinute")),
        (changed("pauseAfterFailures", json!(0)), "BODY_INVALID", Some("/pauseAfterFailures")),
        (changed("reasonCode", json!("no code")), "BODY_INVALID", Some("/reasonCode")),
        (changed("assignedUser", json!("")), "BODY_INVALID", Some("/assignedUser")),
        (changed("everything", json!(true)), "FIELD_UNKNOWN", None),
        (changed("action", json!("skip-step")), "ACTION_NOT_FOR_MANY", None),
        (
            changed("selection", json!({"reasonCode": "NOBODY_HAS_THIS"})),
            "BULK_SELECTS_NOTHING",
            None,
        ),
    ];
    for (index, (body, code, pointer)) in refused.into_iter().enumerate() {
        let answered = prepare(&f, (&format!("k-{index}"), body.clone())).await;
        assert_eq!(answered.code(), code, "{body}");
        if let Some(pointer) = pointer {
            assert_eq!(answered.body["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn a_bulk_action_is_for_people_of_its_tenant() {
    let (stage, f) = fallen_out(1).await;
    let path = prepare(&f, ("k-1", retry())).await.body["links"]["bulkAction"]
        .as_str()
        .unwrap()
        .to_owned();
    let elsewhere = f.token(|claims| {
        claims["tenant"] = json!("globex");
        claims["scope"] = json!("orders:read orders:write");
        claims["roles"] = json!(["order-supervisor"]);
    });
    let nobody = f.token(|_| {});
    let viewer = person(&f, "vera", "order-viewer");

    assert_eq!(f.get_as(&path, Some(&elsewhere)).await.status, StatusCode::NOT_FOUND);
    let abort = format!("{path}/abort");
    let why = || json!({"reasonCode": "STOP"});
    let theirs = f.act_as(&abort, &elsewhere, ("k-2", "\"1\"", why())).await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
    assert_eq!(f.get_as(&path, Some(&nobody)).await.code(), "ROLE_MISSING");
    assert_eq!(f.get_as(&path, Some(&viewer)).await.status, StatusCode::OK);
    let stopped = f.act_as(&abort, &viewer, ("k-3", "\"1\"", why())).await;
    assert_eq!((stopped.status, stopped.code()), (StatusCode::FORBIDDEN, "ROLE_NOT_ALLOWED"));
    let unknown = f.act_as(&format!("{path}/explode"), &viewer, ("k-4", "\"1\"", why())).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    f.end().await;
    stage.db.finish().await;
}
