//! Who sees a case, and who sees it without what people wrote.

use http::StatusCode;
use serde_json::{Value, json};
use test_support::operations::SUPERVISOR;

use super::actions::{fallen_out, token};
use super::fixture::{Answered, Fixture};

const NOTE: &str = "Mrs Miller moved to 4b";

/// The case as somebody with these roles sees it.
async fn seen(f: &Fixture, path: &str, roles: &[&str]) -> Answered {
    let reader = f.token(|claims| claims["roles"] = json!(roles));
    f.get_as(path, Some(&reader)).await
}

#[tokio::test]
async fn a_case_is_seen_by_people_who_work_on_orders_and_by_no_program_that_only_reads_them() {
    let (stage, f, path) = fallen_out().await;

    for role in ["order-viewer", "order-operator", "order-supervisor"] {
        let case = seen(&f, &path, &[role]).await;
        assert_eq!((case.status, &case.body["isRedacted"]), (StatusCode::OK, &json!(false)));
        assert!(case.body["evidence"].is_object(), "{role}");
    }
    let program = seen(&f, &path, &[]).await;
    let elsewhere = f.token(|claims| {
        claims["tenant"] = json!("globex");
        claims["roles"] = json!(["order-supervisor"]);
    });

    assert_eq!((program.status, program.code()), (StatusCode::FORBIDDEN, "ROLE_MISSING"));
    assert_eq!(f.get_as(&path, Some(&elsewhere)).await.status, StatusCode::NOT_FOUND);
    f.end().await;
    stage.db.finish().await;
}

#[tokio::test]
async fn who_only_runs_the_platform_sees_a_case_and_its_version_without_what_people_wrote() {
    let (stage, f, path) = fallen_out().await;
    let skip = json!({"reasonCode": "DONE_BY_HAND", "note": NOTE, "outputs": {"name": NOTE}});
    let asked = format!("{path}/actions/skip-step");
    let kept = f.act_as(&asked, &token(&f, SUPERVISOR), ("k-1", "\"1\"", skip)).await;
    assert_eq!(kept.body["verdict"], "AWAITING_APPROVAL", "{}", kept.body);

    let viewer = seen(&f, &path, &["order-viewer"]).await;
    let platform = seen(&f, &path, &["platform-operator"]).await;
    let both = seen(&f, &path, &["platform-operator", "order-viewer"]).await;

    assert!(viewer.body["evidence"].is_object());
    assert_eq!(viewer.body.to_string().matches(NOTE).count(), 3, "two notes and a value");
    assert_eq!(both.body, viewer.body);
    assert_eq!((platform.status, &platform.body["isRedacted"]), (StatusCode::OK, &json!(true)));
    assert_eq!(platform.headers["etag"], viewer.headers["etag"]);
    assert!(!platform.body.to_string().contains(NOTE), "{}", platform.body);
    assert_eq!(platform.body["evidence"], Value::Null);
    for same in ["status", "reasonCode", "step", "failureSignature", "ownerGroup"] {
        assert_eq!(platform.body[same], viewer.body[same], "{same}");
    }
    let action = &platform.body["actions"][0];
    assert_eq!(
        (&action["action"], &action["reasonCode"]),
        (&json!("skip-step"), &json!("DONE_BY_HAND"))
    );
    f.end().await;
    stage.db.finish().await;
}
