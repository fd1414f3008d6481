//! Faults of answers, one test per kind: what the caller sees, and what really happened.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::time::Duration;

use external_systems::{SubmitRequest, TargetSystem};
use order_domain::step::answer::StepAnswer;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{Stage, quote, request};

const NOTIFICATION: &str = "NOTIFICATION";
const PATIENCE: Duration = Duration::from_secs(10);

/// A synchronous request: its effect comes before its answer.
fn work() -> SubmitRequest {
    request(NOTIFICATION, json!({}), None)
}

/// Everything that the connection yields after a submit, and how it ended.
async fn raw_submit(stage: &Stage, request: &SubmitRequest) -> (Vec<u8>, std::io::Result<()>) {
    let body = serde_json::to_string(request).unwrap();
    let address = stage.url("").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /NOTIFICATION/requests HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\
         content-type: application/json\r\nidempotency-key: \"{}\"\r\n\r\n",
        body.len(),
        request.request_id
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let end = read.expect("an end of the connection").map(|_| ());
    (bytes, end)
}

/// The fault struck once, the request left no trace, and sending it again works.
async fn was_never_taken(stage: &Stage, request: &SubmitRequest, kind: &str) {
    assert_eq!(stage.hits(kind).await, 1);
    let target = stage.target(NOTIFICATION);
    assert_eq!(target.query(request.request_id, None).await.answer, StepAnswer::Absent);
    assert!(stage.ledger_counts().await.is_empty());
    let again = target.submit(request, None).await.answer;
    assert!(matches!(again, StepAnswer::Completed { .. }), "{again:?}");
}

/// The fault struck once, the effect is there once, and the query tells so.
async fn has_one_effect(stage: &Stage, request: &SubmitRequest, kind: &str) {
    assert_eq!(stage.hits(kind).await, 1);
    assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 1)]);
    let target = stage.target(NOTIFICATION);
    let asked = target.query(request.request_id, None).await.answer;
    assert!(matches!(asked, StepAnswer::Completed { .. }), "{asked:?}");
    let again = target.submit(request, None).await;
    assert_eq!(again.attempts[0].http_status, Some(409));
    assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 1)]);
}

#[tokio::test]
async fn a_refused_submit_is_closed_without_an_answer_and_was_never_taken() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "REFUSE", "times": 1}])).await;
    let request = work();

    let (bytes, _end) = raw_submit(&stage, &request).await;

    assert!(bytes.is_empty(), "{}", String::from_utf8_lossy(&bytes));
    was_never_taken(&stage, &request, "REFUSE").await;
    stage.close().await;
}

#[tokio::test]
async fn a_hanging_submit_is_never_answered_and_was_never_taken() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "HANG", "times": 1}])).await;
    let request = work();

    let error = stage.submit(&request, Duration::from_millis(200)).await.unwrap_err();

    assert!(error.is_timeout(), "{error:?}");
    was_never_taken(&stage, &request, "HANG").await;
    stage.close().await;
}

#[tokio::test]
async fn too_many_requests_and_unavailable_say_when_to_come_back() {
    for (kind, status) in [("TOO_MANY_REQUESTS", 429), ("UNAVAILABLE", 503)] {
        let stage = Stage::open().await;
        let faults = json!([
            {"kind": kind, "times": 1, "retryAfterSeconds": 7}, {"kind": kind, "times": 1}
        ]);
        stage.fault(NOTIFICATION, faults).await;
        let request = work();

        let with_time = stage.target(NOTIFICATION).submit(&request, None).await;
        let without = stage.submit(&work(), Duration::from_secs(5)).await.unwrap();

        assert_eq!(with_time.attempts[0].http_status, Some(status));
        let StepAnswer::RetryLater { retry_after_ms, .. } = with_time.answer else {
            panic!("{:?}", with_time.answer)
        };
        assert_eq!(retry_after_ms, Some(7000));
        assert!(without.headers().get("retry-after").is_none());
        assert_eq!(stage.hits(kind).await, 2);
        assert!(stage.requests().await.is_empty());
        stage.close().await;
    }
}

#[tokio::test]
async fn a_technical_refusal_has_the_wanted_status_and_takes_nothing() {
    for status in [400, 401, 403, 404, 405, 413, 415] {
        let stage = Stage::open().await;
        let fault = json!([{"kind": "TECHNICAL_REFUSAL", "status": status, "times": 1}]);
        stage.fault(NOTIFICATION, fault).await;
        let request = work();

        let exchange = stage.target(NOTIFICATION).submit(&request, None).await;

        assert_eq!(exchange.attempts[0].http_status, Some(status));
        assert!(matches!(exchange.answer, StepAnswer::Refused { .. }), "{:?}", exchange.answer);
        was_never_taken(&stage, &request, "TECHNICAL_REFUSAL").await;
        stage.close().await;
    }
}

#[tokio::test]
async fn a_redirect_takes_nothing_unless_somebody_follows_it() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "REDIRECT", "times": 1}])).await;
    let request = work();

    let answer = stage.submit(&request, Duration::from_secs(5)).await.unwrap();

    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answer.headers()["location"], "/NOTIFICATION/requests");
    was_never_taken(&stage, &request, "REDIRECT").await;
    stage.close().await;
}

#[tokio::test]
async fn an_error_before_the_effect_takes_nothing() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "ERROR_500_BEFORE", "times": 1}])).await;
    let request = work();

    let exchange = stage.target(NOTIFICATION).submit(&request, None).await;

    assert_eq!(exchange.attempts[0].http_status, Some(500));
    was_never_taken(&stage, &request, "ERROR_500_BEFORE").await;
    stage.close().await;
}

#[tokio::test]
async fn an_error_after_the_effect_looks_the_same_and_has_the_effect() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "ERROR_500_AFTER", "times": 1}])).await;
    let request = work();

    let exchange = stage.target(NOTIFICATION).submit(&request, None).await;

    assert_eq!(exchange.attempts[0].http_status, Some(500));
    has_one_effect(&stage, &request, "ERROR_500_AFTER").await;
    stage.close().await;
}

#[tokio::test]
async fn a_lost_answer_is_a_closed_connection_after_the_effect() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "ANSWER_LOST", "times": 1}])).await;
    let request = work();

    let (bytes, _end) = raw_submit(&stage, &request).await;

    assert!(bytes.is_empty(), "{}", String::from_utf8_lossy(&bytes));
    has_one_effect(&stage, &request, "ANSWER_LOST").await;
    stage.close().await;
}

#[tokio::test]
async fn a_reset_comes_in_the_middle_of_the_body_after_the_effect() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "RESET", "times": 1}])).await;
    let request = work();

    let (bytes, end) = raw_submit(&stage, &request).await;

    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("\r\n\r\n{"), "{text}");
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    has_one_effect(&stage, &request, "RESET").await;
    stage.close().await;
}

#[tokio::test]
async fn a_dripping_body_outlasts_the_callers_patience_after_the_effect() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "SLOW_DRIP", "times": 1, "dripMs": 5000}])).await;
    let request = work();

    let answer = stage.submit(&request, Duration::from_millis(400)).await.unwrap();
    let status = answer.status();
    let error = answer.bytes().await.unwrap_err();

    assert_eq!(status, StatusCode::OK);
    assert!(error.is_timeout(), "{error:?}");
    has_one_effect(&stage, &request, "SLOW_DRIP").await;
    stage.close().await;
}

#[tokio::test]
async fn invalid_json_is_a_body_cut_in_half_after_the_effect() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "INVALID_JSON", "times": 1}])).await;
    let request = work();

    let answer = stage.submit(&request, Duration::from_secs(5)).await.unwrap();
    let content_type = answer.headers()["content-type"].clone();
    let body = answer.bytes().await.unwrap();

    assert_eq!(content_type, "application/json");
    assert!(body.starts_with(b"{") && serde_json::from_slice::<Value>(&body).is_err());
    has_one_effect(&stage, &request, "INVALID_JSON").await;
    stage.close().await;
}

#[tokio::test]
async fn a_wrong_content_type_hides_a_true_answer() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "WRONG_CONTENT_TYPE", "times": 1}])).await;
    let request = work();

    let answer = stage.submit(&request, Duration::from_secs(5)).await.unwrap();
    let content_type = answer.headers()["content-type"].clone();

    assert_eq!(content_type, "text/html");
    assert!(answer.json::<Value>().await.unwrap()["externalReference"].is_string());
    has_one_effect(&stage, &request, "WRONG_CONTENT_TYPE").await;
    stage.close().await;
}

#[tokio::test]
async fn an_oversized_body_is_ten_megabytes_of_a_true_answer_of_undeclared_length() {
    let stage = Stage::open().await;
    stage.fault(NOTIFICATION, json!([{"kind": "OVERSIZED", "times": 1}])).await;
    let request = work();

    let answer = stage.submit(&request, Duration::from_secs(20)).await.unwrap();
    let declared = answer.headers().get("content-length").cloned();
    let body = answer.bytes().await.unwrap();

    assert_eq!((declared, body.len()), (None, 10 * 1024 * 1024));
    assert!(serde_json::from_slice::<Value>(&body).unwrap()["result"].is_object());
    has_one_effect(&stage, &request, "OVERSIZED").await;
    stage.close().await;
}

#[tokio::test]
async fn answers_that_break_the_contract_are_breaches_to_the_adapter() {
    let stage = Stage::open().await;
    for kind in ["INVALID_JSON", "WRONG_CONTENT_TYPE", "OVERSIZED", "REDIRECT"] {
        stage.fault(NOTIFICATION, json!([{"kind": kind, "times": 1}])).await;

        let answer = stage.target(NOTIFICATION).submit(&work(), None).await.answer;

        let is_breach = matches!(answer, StepAnswer::Unknown { is_contract_breach: true, .. });
        assert!(is_breach, "{kind}: {answer:?}");
        assert_eq!(stage.hits(kind).await, 1);
    }
    stage.close().await;
}

#[tokio::test]
async fn a_faulted_query_tells_nothing_or_the_truth_but_never_a_lie() {
    let stage = Stage::open().await;
    let target = stage.target(NOTIFICATION);
    let (known, unknown) = (work(), work());
    let truth = target.submit(&known, None).await.answer;
    for fault in [
        json!({"kind": "REFUSE"}),
        json!({"kind": "TOO_MANY_REQUESTS"}),
        json!({"kind": "UNAVAILABLE"}),
        json!({"kind": "TECHNICAL_REFUSAL", "status": 403}),
        json!({"kind": "REDIRECT"}),
        json!({"kind": "ERROR_500_BEFORE"}),
        json!({"kind": "ANSWER_LOST"}),
        json!({"kind": "RESET"}),
        json!({"kind": "INVALID_JSON"}),
        json!({"kind": "WRONG_CONTENT_TYPE"}),
        json!({"kind": "OVERSIZED"}),
    ] {
        let kind = fault["kind"].as_str().unwrap().to_owned();
        let mut fault = fault;
        (fault["on"], fault["times"]) = (json!("QUERY"), json!(1));
        stage.fault(NOTIFICATION, json!([fault])).await;

        let faulted = target.query(known.request_id, None).await.answer;
        let then = target.query(known.request_id, None).await.answer;

        assert!(matches!(faulted, StepAnswer::CannotTell { .. }), "{kind}: {faulted:?}");
        assert_eq!(then, truth, "{kind}");
        assert_eq!(stage.hits(&kind).await, 1);
    }
    assert_eq!(target.query(unknown.request_id, None).await.answer, StepAnswer::Absent);
    stage.close().await;
}

#[tokio::test]
async fn a_slow_query_tells_the_truth_to_who_waits_and_nothing_to_who_does_not() {
    let stage = Stage::open().await;
    let target = stage.target(NOTIFICATION);
    let request = work();
    let truth = target.submit(&request, None).await.answer;
    let url = stage.url(&format!("/NOTIFICATION/requests/{}", request.request_id));
    let faults = json!([
        {"kind": "SLOW_DRIP", "on": "QUERY", "dripMs": 5000, "times": 1},
        {"kind": "HANG", "on": "QUERY", "times": 1},
        {"kind": "SLOW_DRIP", "on": "QUERY", "dripMs": 1, "times": 1}
    ]);
    stage.fault(NOTIFICATION, faults).await;

    for _ in 0..2 {
        let asked = stage.client.get(&url).timeout(Duration::from_millis(300)).send().await;
        let read = match asked {
            Ok(answer) => answer.bytes().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(read.unwrap_err().is_timeout());
    }
    let waited_for = target.query(request.request_id, None).await.answer;

    assert_eq!(waited_for, truth);
    assert_eq!((stage.hits("SLOW_DRIP").await, stage.hits("HANG").await), (2, 1));
    stage.close().await;
}

#[tokio::test]
async fn a_source_system_fails_at_its_reads() {
    use external_systems::source::SourceAnswer;
    let stage = Stage::open().await;
    stage.put("/admin/quotes", &quote()).await;
    for kind in ["UNAVAILABLE", "ANSWER_LOST", "INVALID_JSON"] {
        stage.fault("CPQ", json!([{"kind": kind, "times": 1}])).await;

        let faulted = stage.sources().quote("Q-1", 1).await;
        let then = stage.sources().quote("Q-1", 1).await;

        assert!(matches!(faulted, SourceAnswer::Unavailable { .. }), "{kind}: {faulted:?}");
        assert!(matches!(then, SourceAnswer::Found(_)), "{kind}: {then:?}");
        assert_eq!(stage.hits(kind).await, 1);
    }
    stage.close().await;
}
