//! One test per row of `docs/outcome-classification.md`, each on a real socket: what the bytes, or
//! their absence, amount to; and the table itself, which no case and no test may be missing from.

use std::collections::BTreeSet;
use std::path::Path;

use order_domain::failure::FailureClass as F;

use super::tests::{raw_server, request, target};
use super::*;
use crate::classify::OutcomeCase;

/// What one submit to a server that answers `bytes` and then closes (or stays silent) amounts to.
async fn told(bytes: &'static [u8], stays_open: bool) -> Exchange {
    target(&raw_server(bytes, stays_open).await).submit(&request(), None).await
}

fn is_breach(answer: &StepAnswer) -> bool {
    matches!(answer, StepAnswer::Unknown { is_contract_breach: true, .. })
}

fn class_of(exchange: &Exchange) -> Option<F> {
    assert_eq!(exchange.attempts.len(), 1, "one call");
    assert_eq!(exchange.attempts[0].failure_class, exchange.answer.failure_class());
    exchange.answer.failure_class()
}

#[tokio::test]
async fn a_200_with_a_valid_body_completes_the_step() {
    let exchange = told(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 25\r\n\r\n{\"externalReference\":\"R\"}", false).await;

    assert!(matches!(exchange.answer, StepAnswer::Completed { .. }));
    assert_eq!(class_of(&exchange), None);
}

#[tokio::test]
async fn a_202_with_a_valid_body_is_accepted_work() {
    let exchange = told(b"HTTP/1.1 202 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 25\r\n\r\n{\"externalReference\":\"R\"}", false).await;

    assert!(matches!(exchange.answer, StepAnswer::Accepted { .. }));
    assert_eq!(class_of(&exchange), None);
}

#[tokio::test]
async fn a_422_with_a_code_is_a_business_rejection() {
    let exchange = told(b"HTTP/1.1 422 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 25\r\n\r\n{\"reasonCode\":\"NO_STOCK\"}", false).await;

    assert_eq!(class_of(&exchange), Some(F::BusinessRejection));
}

#[tokio::test]
async fn a_422_without_a_code_is_unknown_and_a_breach() {
    let exchange = told(b"HTTP/1.1 422 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}", false).await;

    assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
    assert!(is_breach(&exchange.answer));
}

#[tokio::test]
async fn a_429_is_retryable_and_its_retry_after_is_kept_in_both_forms() {
    assert_eq!(waits_after(429).await, [Some(7_000), Some(0), Some(3_600_000)]);
}

#[tokio::test]
async fn a_503_is_retryable_and_its_retry_after_is_kept_in_both_forms() {
    assert_eq!(waits_after(503).await, [Some(7_000), Some(0), Some(3_600_000)]);
}

/// What follows from seven seconds, from a date that has passed (a wait of nothing) and from one far
/// ahead (cut to an hour).
async fn waits_after(status: u16) -> [Option<u64>; 3] {
    let mut waits = [None; 3];
    let said = ["7", "Sun, 06 Nov 1994 08:49:37 GMT", "Sat, 06 Nov 2094 08:49:37 GMT"];
    for (wait, said) in waits.iter_mut().zip(said) {
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nretry-after: {said}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let exchange = told(answer.leak().as_bytes(), false).await;
        assert_eq!(class_of(&exchange), Some(F::RetryableTechnical));
        match exchange.answer {
            StepAnswer::RetryLater { retry_after_ms, .. } => *wait = retry_after_ms,
            other => panic!("{other:?}"),
        }
    }
    waits
}

#[tokio::test]
async fn statuses_that_blame_the_request_hold_the_step() {
    for bytes in [
        &b"HTTP/1.1 400 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
        &b"HTTP/1.1 401 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
        &b"HTTP/1.1 403 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
        &b"HTTP/1.1 404 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
        &b"HTTP/1.1 405 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
        &b"HTTP/1.1 413 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
        &b"HTTP/1.1 415 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
    ] {
        let exchange = told(bytes, false).await;
        assert_eq!(class_of(&exchange), Some(F::NonRetryableTechnical));
    }
}

#[tokio::test]
async fn statuses_that_blame_the_server_are_unknown() {
    for bytes in [
        &b"HTTP/1.1 500 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
        &b"HTTP/1.1 502 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
        &b"HTTP/1.1 504 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"[..],
    ] {
        let exchange = told(bytes, false).await;
        assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
        assert!(!is_breach(&exchange.answer));
    }
}

#[tokio::test]
async fn silence_after_sending_is_unknown() {
    let exchange = told(b"", true).await;

    assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
    assert!(!is_breach(&exchange.answer));
}

#[tokio::test]
async fn a_connection_that_ends_before_a_status_is_unknown() {
    let exchange = told(b"", false).await;

    assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
    assert!(!is_breach(&exchange.answer));
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_unknown() {
    let exchange = told(
        b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{\"a",
        true,
    )
    .await;

    assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
    assert!(!is_breach(&exchange.answer));
    assert_eq!(exchange.attempts[0].http_status, Some(200));
}

#[tokio::test]
async fn a_connection_that_ends_inside_the_body_is_unknown() {
    let exchange = told(
        b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{\"a",
        false,
    )
    .await;

    assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
    assert!(!is_breach(&exchange.answer));
    assert_eq!(exchange.attempts[0].http_status, Some(200));
}

#[tokio::test]
async fn a_success_whose_body_is_no_answer_is_unknown_and_a_breach() {
    for bytes in [
        &b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 13\r\n\r\n{\"externalRef"[..],
        &b"HTTP/1.1 202 X\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: 9\r\n\r\n<p>ok</p>"[..],
        &b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 10485760\r\n\r\n{"[..],
    ] {
        let exchange = told(bytes, false).await;
        assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
        assert!(is_breach(&exchange.answer));
    }
}

#[tokio::test]
async fn another_success_is_unknown_and_a_breach() {
    let exchange = told(b"HTTP/1.1 201 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}", false).await;

    assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
    assert!(is_breach(&exchange.answer));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_breach() {
    let exchange = told(b"HTTP/1.1 307 X\r\ncontent-type: application/json\r\nlocation: http://127.0.0.1:9/\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}", false).await;

    assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
    assert!(is_breach(&exchange.answer));
}

#[tokio::test]
async fn any_other_status_is_unknown() {
    let exchange = told(b"HTTP/1.1 418 X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}", false).await;

    assert_eq!(class_of(&exchange), Some(F::UnknownOutcome));
    assert!(!is_breach(&exchange.answer));
}

/// The rows of the table: case and test.
fn table() -> Vec<(String, String)> {
    let document = include_str!("../../../../docs/outcome-classification.md");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|x| x.trim().trim_matches('`').to_owned()).collect()
    };
    let rows = document.lines().filter(|x| x.starts_with("| `")).map(cells);
    rows.filter(|x| x.len() == 5).map(|x| (x[0].clone(), x[4].clone())).collect()
}

#[test]
fn every_case_has_a_row_and_every_row_a_test() {
    let rows = table();
    let cases: BTreeSet<&str> = rows.iter().map(|(case, _)| case.as_str()).collect();
    let missing: Vec<_> = OutcomeCase::NAMES.iter().filter(|x| !cases.contains(*x)).collect();
    assert!(missing.is_empty(), "cases without a row: {missing:?}");
    assert!(rows.len() > OutcomeCase::NAMES.len(), "the rows of other sources are gone");

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut sources = String::new();
    for folder in ["shared", "functions"] {
        read(&root.join(folder), &mut sources);
    }
    let absent: Vec<_> =
        rows.iter().filter(|(_, test)| !sources.contains(&format!("fn {test}("))).collect();
    assert!(absent.is_empty(), "rows whose test is gone: {absent:?}");
}

#[test]
fn the_class_of_a_case_is_the_class_of_its_answer() {
    let statuses = [200, 201, 202, 204, 301, 400, 404, 409, 415, 418, 422, 429, 500, 503];
    let mut seen = BTreeSet::new();
    for status in statuses {
        let body = crate::fetch::Body::Unread;
        let reply = Reply::Answered { status, retry_after_ms: None, body };
        let (case, _) = classify::case_of(&reply);
        seen.insert(case.name());
        match classify::classify(&reply) {
            Verdict::AlreadyKnown => assert_eq!(case.class(), None),
            Verdict::Settled(answer) => assert_eq!(case.class(), answer.failure_class()),
        }
    }
    assert_eq!(seen.len(), 10, "{seen:?}");
}

fn read(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, into);
        } else if path.extension().is_some_and(|x| x == "rs") {
            into.push_str(&std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}
