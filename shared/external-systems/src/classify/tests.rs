use order_domain::characteristic::CharacteristicValue;
use serde_json::{Value, json};

use super::*;

fn answered(status: u16, body: Body) -> Reply {
    Reply::Answered { status, retry_after_ms: None, body }
}

fn json_reply(status: u16, body: Value) -> Reply {
    answered(status, Body::Json(body.to_string().into_bytes()))
}

fn settled(reply: &Reply) -> StepAnswer {
    match classify(reply) {
        Verdict::Settled(answer) => answer,
        Verdict::AlreadyKnown => panic!("{reply:?} is not settled"),
    }
}

fn is_breach(answer: &StepAnswer) -> bool {
    matches!(answer, StepAnswer::Unknown { is_contract_breach: true, .. })
}

fn is_plain_unknown(answer: &StepAnswer) -> bool {
    matches!(answer, StepAnswer::Unknown { is_contract_breach: false, .. })
}

#[test]
fn status_200_is_completed_with_reference_and_result() {
    let answer = settled(&json_reply(200, json!({"externalReference": "R", "result": {"a": 1}})));

    let StepAnswer::Completed { external_reference, result } = answer else { panic!("{answer:?}") };
    assert_eq!(external_reference.as_deref(), Some("R"));
    assert_eq!(result["a"], CharacteristicValue::Integer(1));
}

#[test]
fn status_202_is_accepted_with_its_reference() {
    let answer = settled(&json_reply(202, json!({"externalReference": "R"})));

    assert_eq!(answer, StepAnswer::Accepted { external_reference: Some("R".to_owned()) });
}

#[test]
fn status_409_has_to_be_asked_about() {
    assert_eq!(classify(&answered(409, Body::Unread)), Verdict::AlreadyKnown);
}

#[test]
fn status_422_with_a_code_is_a_business_rejection() {
    let answer = settled(&json_reply(422, json!({"reasonCode": "CREDIT_CHECK_FAILED"})));

    let code = "CREDIT_CHECK_FAILED".to_owned();
    assert_eq!(answer, StepAnswer::Rejected { code, external_reference: None });
}

#[test]
fn status_422_without_a_usable_code_is_unknown_and_a_contract_breach() {
    assert!(is_breach(&settled(&json_reply(422, json!({})))));
    assert!(is_breach(&settled(&json_reply(422, json!({"reasonCode": ""})))));
    assert!(is_breach(&settled(&answered(422, Body::Unusable("x".to_owned())))));
}

#[test]
fn no_connection_429_and_503_are_retryable_and_keep_retry_after() {
    let refused = settled(&Reply::NotConnected { detail: "no connection".to_owned() });
    assert!(matches!(refused, StepAnswer::RetryLater { retry_after_ms: None, .. }));
    for status in [429, 503] {
        let reply = Reply::Answered { status, retry_after_ms: Some(7_000), body: Body::Unread };
        let answer = settled(&reply);
        assert!(matches!(answer, StepAnswer::RetryLater { retry_after_ms: Some(7_000), .. }));
    }
}

#[test]
fn statuses_that_blame_the_request_are_not_retryable() {
    for status in [400, 401, 403, 404, 405, 413, 415] {
        let answer = settled(&answered(status, Body::Unread));
        assert_eq!(answer, StepAnswer::Refused { detail: format!("status {status}") });
    }
}

#[test]
fn every_other_status_and_every_lost_answer_is_unknown() {
    for status in [402, 406, 408, 410, 418, 425, 451, 500, 501, 502, 504, 507, 599] {
        assert!(is_plain_unknown(&settled(&answered(status, Body::Unread))), "{status}");
    }
    for status in [None, Some(200), Some(422)] {
        let lost = Reply::Lost { status, detail: "timed out after sending".to_owned() };
        assert!(is_plain_unknown(&settled(&lost)));
    }
}

#[test]
fn a_success_outside_the_contract_is_unknown_and_a_contract_breach() {
    for status in [201, 203, 204, 206, 301, 302, 304, 307, 308] {
        assert!(is_breach(&settled(&answered(status, Body::Unread))), "{status}");
    }
    for status in [200, 202] {
        for body in [
            Body::Json(b"{".to_vec()),
            Body::Json(b"[]".to_vec()),
            Body::Json(b"".to_vec()),
            Body::Json(br#"{"externalReference":1}"#.to_vec()),
            Body::Json(br#"{"result":{"a":1.5}}"#.to_vec()),
            Body::Unusable("the body is over 1048576 bytes".to_owned()),
        ] {
            assert!(is_breach(&settled(&answered(status, body.clone()))), "{status} {body:?}");
        }
    }
}

#[test]
fn a_query_adopts_every_status() {
    let answer = |status: &str| {
        classify_query(&json_reply(200, json!({"status": status, "externalReference": "R"})))
    };

    assert!(matches!(answer("ACCEPTED"), StepAnswer::Accepted { .. }));
    assert!(matches!(answer("IN_PROGRESS"), StepAnswer::Accepted { .. }));
    assert!(matches!(answer("COMPLETED"), StepAnswer::Completed { .. }));
    for status in ["REJECTED", "FAILED", "CANCELLED"] {
        assert!(matches!(answer(status), StepAnswer::Rejected { .. }), "{status}");
    }
}

#[test]
fn only_404_proves_that_a_request_is_absent() {
    assert_eq!(classify_query(&answered(404, Body::Unread)), StepAnswer::Absent);
    let cannot_tell = [
        answered(202, Body::Unread),
        answered(301, Body::Unread),
        answered(401, Body::Unread),
        answered(410, Body::Unread),
        answered(429, Body::Unread),
        answered(500, Body::Unread),
        json_reply(200, json!({})),
        json_reply(200, json!({"status": "DONE"})),
        answered(200, Body::Unusable("x".to_owned())),
        Reply::NotConnected { detail: "no connection".to_owned() },
        Reply::Lost { status: None, detail: "timed out after sending".to_owned() },
    ];
    for reply in cannot_tell {
        let answer = classify_query(&reply);
        assert!(matches!(answer, StepAnswer::CannotTell { .. }), "{reply:?}");
    }
}

#[test]
fn the_record_of_a_call_has_the_class_of_its_own_outcome() {
    let unknown = Some(FailureClass::UnknownOutcome);
    assert_eq!(failure_class(&answered(409, Body::Unread), false), None);
    assert_eq!(failure_class(&answered(500, Body::Unread), false), unknown);
    assert_eq!(failure_class(&answered(404, Body::Unread), true), None);
    assert_eq!(failure_class(&json_reply(200, json!({"status": "FAILED"})), true), None);
    assert_eq!(failure_class(&answered(500, Body::Unread), true), unknown);
}
