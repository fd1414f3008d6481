//! A lost answer is asked for again with the same key, and never with a new one.

use orderctl::exit::Exit;
use orderctl::world::Clock;
use serde_json::json;

use crate::desk::{CASE, Ended, NOW, ORDER, types};
use crate::losing_api::{Fate, LosingApi};

async fn act(api: &LosingApi, options: &str) -> Ended {
    let words = format!("cases act {ORDER} {CASE} escalate --reason LATE --if-match 4 {options}");
    types(&api.uri, &Clock::manual(NOW.parse().unwrap()), &words).await
}

fn applied() -> Fate {
    Fate::Answered(200, json!({"action": "escalate", "verdict": "APPLIED"}).to_string())
}

fn key(request: &str) -> &str {
    request.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).unwrap_or("none")
}

#[tokio::test]
async fn an_action_whose_answer_was_lost_is_repeated_with_the_same_key() {
    let api = LosingApi::with(&[Fate::Lost, Fate::Broken, applied()]).await;

    let ended = act(&api, "").await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    let requests = api.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request == &requests[0]), "{requests:#?}");
    assert_eq!(key(&requests[0]).len(), 38, "a quoted UUID");
}

#[tokio::test]
async fn an_action_that_is_still_worked_on_is_asked_for_again_with_the_same_key() {
    for (status, code) in [(409, "REQUEST_IN_PROGRESS"), (503, "SOURCE_UNAVAILABLE"), (504, "")] {
        let busy = Fate::Answered(status, json!({"code": code}).to_string());
        let api = LosingApi::with(&[busy, applied()]).await;

        let ended = act(&api, "--idempotency-key k-1").await;

        assert_eq!(ended.exit, Exit::Done, "{ended:?}");
        let requests = api.requests();
        assert_eq!(requests.iter().map(|x| key(x)).collect::<Vec<_>>(), ["\"k-1\"", "\"k-1\""]);
    }
}

#[tokio::test]
async fn when_every_answer_is_lost_the_command_says_how_to_repeat_it() {
    let api = LosingApi::with(&[Fate::Lost]).await;

    let ended = act(&api, "").await;

    assert_eq!(ended.exit, Exit::Technical);
    let requests = api.requests();
    assert_eq!(requests.len(), 4, "repeating has an end");
    let key = key(&requests[0]).trim_matches('"');
    assert!(
        ended.stderr.contains(&format!("--idempotency-key {key} --if-match 4")),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn an_answer_of_somebody_else_leaves_open_whether_it_was_done() {
    let api = LosingApi::with(&[Fate::Answered(200, "<html>log in".to_owned())]).await;

    let ended = act(&api, "--idempotency-key k-1").await;

    assert_eq!(ended.exit, Exit::Technical);
    assert_eq!(api.requests().len(), 1);
    assert!(ended.stderr.contains("--idempotency-key k-1 --if-match 4"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_again() {
    let refused = Fate::Answered(409, json!({"code": "ACTION_NOT_ALLOWED_IN_STATUS"}).to_string());
    let api = LosingApi::with(&[refused]).await;

    let ended = act(&api, "").await;

    assert_eq!(ended.exit, Exit::Refused);
    assert_eq!(api.requests().len(), 1);
}

#[tokio::test]
async fn a_command_that_has_no_time_left_does_not_repeat() {
    let busy = Fate::Answered(503, json!({"code": "SOURCE_UNAVAILABLE"}).to_string());
    let api = LosingApi::with(&[busy]).await;

    let ended = act(&api, "--timeout 1s").await;

    assert_eq!(ended.exit, Exit::Technical);
    assert_eq!(api.requests().len(), 2, "after half a second, and not after one and a half");
}

#[tokio::test]
async fn an_api_that_nobody_runs_is_a_technical_failure() {
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);

    let ended = types(&uri, &Clock::manual(NOW.parse().unwrap()), "orders list").await;

    assert_eq!(ended.exit, Exit::Technical);
    assert!(ended.stderr.contains("it cannot be reached (attempt 4)"), "{}", ended.stderr);
}
