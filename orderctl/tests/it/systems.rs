//! Target systems: seen, held and released.

use orderctl::exit::Exit;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::desk::{Desk, header, problem};

#[tokio::test]
async fn systems_are_listed_with_what_waits_for_them_and_when_they_are_tried() {
    let desk = Desk::new().await;
    let held = json!({"system": "LOGISTICS", "status": "OPEN", "since": "2026-03-02T07:48:00Z",
        "openedBy": "OPERATOR", "operator": "sven", "endsAt": "2026-03-02T14:00:00Z",
        "waitingStepCount": 218});
    let out = json!({"system": "BILLING", "status": "OPEN", "since": "2026-03-02T11:58:00Z",
        "openedBy": "FAILURE_RATE", "nextProbeAt": "2026-03-02T12:00:20Z", "waitingStepCount": 3});
    let back = json!({"system": "CRM", "status": "DRAINING", "since": "2026-03-02T11:00:00Z",
        "openedBy": "FAILURE_RATE", "drainRatePerMinute": 60, "waitingStepCount": 40});
    let well = json!({"system": "WORKFORCE", "status": "CLOSED", "waitingStepCount": 0});
    desk.shows("/target-systems", json!({"targetSystems": [held, out, back, well]})).await;

    let ended = desk.types("systems list").await;

    assert_eq!((ended.exit, desk.asked().await), (Exit::Done, vec!["GET /target-systems".into()]));
    insta::assert_snapshot!("systems_listed", ended.stdout);
}

#[tokio::test]
async fn a_hold_says_when_it_ends_and_how_it_is_repeated() {
    let desk = Desk::new().await;
    let held = json!({"system": "CRM", "status": "OPEN", "endsAt": "2026-03-02T14:00:00Z"});
    let answer = ResponseTemplate::new(200).set_body_json(held);
    desk.answers("POST", "/target-systems/CRM/hold", answer).await;

    let ended =
        desk.types("systems hold CRM --reason MAINTENANCE --for 2h --idempotency-key k-1").await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    let sent = &desk.requests().await[0];
    assert_eq!(header(sent, "idempotency-key"), Some("\"k-1\""));
    let body: Value = sent.body_json().unwrap();
    assert_eq!(body, json!({"reasonCode": "MAINTENANCE", "endsAt": "2026-03-02T14:00:00Z"}));
    assert_eq!(ended.stderr, "to repeat it: --idempotency-key k-1 --until 2026-03-02T14:00:00Z\n");
    assert_eq!(ended.stdout, "CRM OPEN\n  held until  2026-03-02 14:00:00Z\n");
}

#[tokio::test]
async fn a_release_at_a_rate_is_sent_and_a_refused_one_ends_with_its_code() {
    let desk = Desk::new().await;
    let draining = json!({"system": "CRM", "status": "DRAINING", "drainRatePerMinute": 10});
    let answer = ResponseTemplate::new(200).set_body_json(draining);
    desk.answers("POST", "/target-systems/CRM/release", answer).await;
    let closed = json!({"status": 409, "code": "CIRCUIT_NOT_OPEN", "title": "Nothing waits."});
    desk.answers("POST", "/target-systems/BILLING/release", problem(409, closed)).await;

    let released = desk.types("systems release CRM --reason DONE --rate 10").await;
    let refused = desk.types("systems release BILLING --reason DONE").await;

    assert_eq!(released.stdout, "CRM DRAINING\n  sent        10 a minute\n");
    let body: Value = desk.requests().await[0].body_json().unwrap();
    assert_eq!(body, json!({"reasonCode": "DONE", "drainRatePerMinute": 10}));
    assert_eq!(refused.exit, Exit::Refused);
    assert!(refused.stderr.contains("CIRCUIT_NOT_OPEN"), "{}", refused.stderr);
}

#[tokio::test]
async fn a_hold_without_an_end_is_not_understood() {
    let desk = Desk::new().await;

    let ended = desk.types("systems hold CRM --reason MAINTENANCE").await;

    assert_eq!((ended.exit, desk.requests().await.len()), (Exit::Usage, 0));
}
