//! Actions over HTTP: who may, on which version, once, and what a refusal looks like.

use http::StatusCode;
use order_domain::actor::Role;
use serde_json::{Value, json};
use test_support::operations::{OPERATOR, OTHER_SUPERVISOR, Person, SUPERVISOR, rejected};
use test_support::stage::Stage;

use super::fixture::{Answered, Fixture};

/// An order whose only step was rejected, and the path of its case.
pub(super) async fn fallen_out() -> (Stage, Fixture, String) {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let fixture = Fixture::on(&stage.db).await;
    let path = format!("/orders/{}/fallout-cases/{}", stage.order_id, stage.case().await);
    (stage, fixture, path)
}

pub(super) fn token(f: &Fixture, person: Person) -> String {
    f.token(|claims| {
        claims["sub"] = json!(person.name);
        claims["scope"] = json!("orders:read orders:write");
        claims["roles"] = json!([person.role.as_str()]);
    })
}

fn why() -> Value {
    json!({"reasonCode": "DATA_CORRECTED", "note": "the account was opened"})
}

/// The case as an operator sees it.
async fn read(f: &Fixture, path: &str) -> Answered {
    f.get_as(path, Some(&token(f, OPERATOR))).await
}

/// Asks for an action on this version of the case.
async fn act(
    f: &Fixture,
    person: Person,
    (path, action): (&str, &str),
    (key, version, body): (&str, &str, Value),
) -> Answered {
    let path = format!("{path}/actions/{action}");
    f.act_as(&path, &token(f, person), (key, version, body)).await
}

#[tokio::test]
async fn a_case_is_read_with_its_version_acted_on_and_read_again() {
    let (stage, f, path) = fallen_out().await;
    let case = read(&f, &path).await;
    let tag = case.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!((tag.as_str(), &case.body["status"]), ("\"1\"", &json!("OPEN")));
    assert_eq!(case.body["step"]["failureCode"], "NO_STOCK");

    let done = act(&f, OPERATOR, (&path, "retry-step"), ("k-1", &tag, why())).await;

    assert_eq!(done.status, StatusCode::OK, "{:?}", done.body);
    assert_eq!(done.headers["etag"], "\"2\"");
    assert_eq!(
        (&done.body["verdict"], &done.body["caseStatus"]),
        (&json!("APPLIED"), &json!("IN_PROGRESS"))
    );
    assert_eq!(done.body["effect"]["steps"][0]["generation"], 2);
    assert_eq!(done.body["links"]["falloutCase"], json!(path));
    let after = read(&f, &path).await;
    assert_eq!(after.body["actions"][0]["action"], "retry-step");
    let order = f.get(&format!("/orders/{}", stage.order_id)).await;
    assert_eq!(order.body["actions"][0]["actorName"], "olga");
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn a_stale_version_is_412_a_missing_one_428_and_a_repeat_answers_the_same() {
    let (stage, f, path) = fallen_out().await;
    let to = (path.as_str(), "retry-step");

    let missing = act(&f, OPERATOR, to, ("k-0", "", why())).await;
    let stale = act(&f, OPERATOR, to, ("k-1", "\"9\"", why())).await;
    let done = act(&f, OPERATOR, to, ("k-2", "\"1\"", why())).await;
    let repeated = act(&f, OPERATOR, to, ("k-2", "\"1\"", why())).await;
    let reused = act(&f, OPERATOR, to, ("k-2", "\"2\"", why())).await;
    let second = act(&f, OPERATOR, to, ("k-3", "\"2\"", why())).await;

    assert_eq!((missing.status.as_u16(), missing.code()), (428, "PRECONDITION_REQUIRED"));
    assert_eq!((stale.status.as_u16(), stale.code()), (412, "VERSION_CONFLICT"));
    assert_eq!((done.status, &done.body), (StatusCode::OK, &repeated.body));
    assert_eq!((reused.status.as_u16(), reused.code()), (422, "IDEMPOTENCY_KEY_REUSED"));
    assert_eq!((second.status.as_u16(), second.code()), (409, "STEP_ALREADY_DUE"));
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn a_preview_needs_no_version_and_tells_what_the_action_does() {
    let (stage, f, path) = fallen_out().await;
    let preview = format!("{path}/actions/skip-step?preview=true");

    let told = f.post_as(&preview, &token(&f, OPERATOR), ("unused", why())).await;

    assert_eq!(told.body["verdict"], "PREVIEW", "{:?}", told.body);
    assert_eq!(told.body["needsApproval"], true);
    assert_eq!(told.body["effect"]["steps"][0]["to"], "SKIPPED");
    assert_eq!(
        told.body["effect"]["cannotUndo"][0],
        "a step that was left out is never carried out"
    );
    assert_eq!(read(&f, &path).await.body["actions"], json!([]));
    let impossible = format!("{path}/actions/retry-billing?preview=true");
    let refused = f.post_as(&impossible, &token(&f, OPERATOR), ("unused", why())).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "ACTION_NOT_APPLICABLE"));
    let stale = f.act_as(&preview, &token(&f, OPERATOR), ("unused", "\"9\"", why())).await;
    assert_eq!(stale.status.as_u16(), 412, "a version that is sent is compared");
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn four_eyes_are_two_people_and_the_second_one_carries_it_out() {
    let (stage, f, path) = fallen_out().await;
    let to = (path.as_str(), "skip-step");

    let asked = act(&f, SUPERVISOR, to, ("k-1", "\"1\"", why())).await;
    assert_eq!(asked.body["verdict"], "AWAITING_APPROVAL");
    assert_eq!(read(&f, &path).await.body["pendingRequest"]["requestedBy"], "sven");
    let own = act(&f, SUPERVISOR, (&path, "approve"), ("k-2", "\"2\"", why())).await;
    let agreed = act(&f, OTHER_SUPERVISOR, (&path, "approve"), ("k-3", "\"2\"", why())).await;

    assert_eq!((own.status.as_u16(), own.code()), (403, "APPROVER_MUST_DIFFER"));
    assert_eq!(agreed.body["caseStatus"], "RESOLVED", "{:?}", agreed.body);
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn what_is_not_ours_or_not_allowed_is_told_apart_by_code_and_refused_attempts_are_kept() {
    let (stage, f, path) = fallen_out().await;
    let viewer = Person { name: "vera", role: Role::OrderViewer };
    let elsewhere = f.token(|claims| {
        claims["tenant"] = json!("globex");
        claims["scope"] = json!("orders:read orders:write");
        claims["roles"] = json!(["order-operator"]);
    });
    let retry = format!("{path}/actions/retry-step");
    let scopeless = f.token(|claims| claims["roles"] = json!(["order-operator"]));

    let theirs = f.act_as(&retry, &elsewhere, ("k-1", "\"1\"", why())).await;
    let nothing = act(&f, OPERATOR, (&path, "approved-true"), ("k-2", "\"1\"", why())).await;
    let by_viewer = act(&f, viewer, (&path, "retry-step"), ("k-3", "\"1\"", why())).await;
    let by_nobody = f.act_as(&retry, &scopeless, ("k-4", "\"1\"", why())).await;
    let silent =
        act(&f, OPERATOR, (&path, "retry-step"), ("k-5", "\"1\"", json!({"reasonCode": " "})))
            .await;
    let unknown = json!({"reasonCode": "X_Y", "approved": true});
    let unknown = act(&f, OPERATOR, (&path, "retry-step"), ("k-6", "\"1\"", unknown)).await;

    assert_eq!((theirs.status.as_u16(), nothing.status.as_u16()), (404, 404));
    assert_eq!((by_viewer.status.as_u16(), by_viewer.code()), (403, "ROLE_NOT_ALLOWED"));
    assert_eq!(by_nobody.code(), "SCOPE_MISSING");
    assert_eq!((silent.status.as_u16(), silent.code()), (422, "REASON_REQUIRED"));
    assert_eq!((unknown.status.as_u16(), unknown.code()), (400, "FIELD_UNKNOWN"));
    let kept = read(&f, &path).await.body["actions"].as_array().unwrap().len();
    assert_eq!(kept, 2, "the viewer's and the one without a reason");
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn a_value_of_the_body_that_does_not_fit_is_told_by_its_place_in_the_body() {
    let (stage, f, path) = fallen_out().await;
    let to = (path.as_str(), "assign");
    for (body, pointer) in [
        (json!({"reasonCode": "not a code"}), "/reasonCode"),
        (json!({"reasonCode": "X", "note": "n".repeat(2_001)}), "/note"),
        (json!({"reasonCode": "X", "assignedGroup": ""}), "/assignedGroup"),
    ] {
        let refused = act(&f, OPERATOR, to, ("k", "\"1\"", body)).await;

        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "BODY_INVALID"));
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    f.end().await;
    stage.db.finish().await;
}
