//! What people decide about a bulk action: on what was read, once.

use orderctl::exit::Exit;
use orderctl::world::Clock;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::bulk::{BULK, answer, bulk, example, path};
use crate::desk::{Desk, NOW, header, problem, types};
use crate::losing_api::{Fate, LosingApi};

async fn desk(command: &str, response: ResponseTemplate) -> Desk {
    let desk = Desk::new().await;
    desk.answers("GET", &path(), answer(&bulk("PREPARED"))).await;
    desk.answers("POST", &format!("{}/{command}", path()), response).await;
    desk
}

fn moved() -> ResponseTemplate {
    let moved: Value = example!("bulk-moved.json");
    ResponseTemplate::new(200).set_body_json(moved)
}

#[tokio::test]
async fn every_decision_is_sent_with_its_reason_and_the_version_that_was_read() {
    for command in ["start", "approve", "pause", "resume", "abort"] {
        let desk = desk(command, moved()).await;

        let ended =
            desk.types(&format!("bulk {command} {BULK} --reason WHY --note two+words")).await;

        assert_eq!(ended.exit, Exit::Done, "{ended:?}");
        let requests = desk.requests().await;
        assert_eq!(requests.len(), 2, "reads once, asks once");
        assert_eq!(requests[1].url.path(), format!("{}/{command}", path()));
        assert_eq!(header(&requests[1], "if-match"), Some("\"4\""));
        let body: Value = serde_json::from_slice(&requests[1].body).unwrap();
        assert_eq!(body, json!({"reasonCode": "WHY", "note": "two words"}));
    }
}

#[tokio::test]
async fn a_decision_says_what_it_was_decided_on_and_what_came_of_it() {
    let desk = desk("start", moved()).await;

    let ended = desk.types(&format!("bulk start {BULK} --reason WHY --key k-1")).await;

    assert_eq!(ended.stdout, "CANARY, version 3\n");
    assert_eq!(
        ended.stderr,
        format!(
            "idempotency key k-1, version 4, decided on PREPARED\n  next: orderctl bulk watch {BULK}\n"
        )
    );
}

#[tokio::test]
async fn a_bulk_action_that_went_on_is_read_again_by_the_person_and_not_by_the_command() {
    let refusal = json!({"code": "VERSION_CONFLICT", "title": "The bulk action is refused.",
        "detail": "It went on since you read it; read it again."});
    let desk = desk("approve", problem(412, refusal)).await;

    let ended = desk.types(&format!("bulk approve {BULK} --reason WHY")).await;

    assert_eq!(ended.exit, Exit::Stale);
    assert_eq!(desk.asked().await.len(), 2, "a stale version is never overruled by itself");
    assert!(ended.stderr.contains("It went on since you read it"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("read it again (orderctl bulk show {BULK})")));
}

#[tokio::test]
async fn a_decision_on_a_version_that_was_given_reads_nothing() {
    let desk = desk("abort", moved()).await;

    let ended = desk.types(&format!("bulk abort {BULK} --reason WHY --if-match 9 --key k")).await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    let requests = desk.requests().await;
    assert_eq!((requests.len(), header(&requests[0], "if-match")), (1, Some("\"9\"")));
    assert!(ended.stderr.starts_with("idempotency key k, version 9\n"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_second_person_is_missing_is_an_end_of_its_own() {
    let refusal = json!({"code": "APPROVER_MUST_DIFFER", "title": "The bulk action is refused."});
    let desk = desk("approve", problem(403, refusal)).await;

    let ended = desk.types(&format!("bulk approve {BULK} --reason WHY")).await;

    assert_eq!(ended.exit, Exit::NotAllowed);
    assert!(ended.stderr.contains("next: another supervisor approves"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_decision_whose_answer_is_lost_can_be_repeated_as_the_same_one() {
    let api = LosingApi::with(&[Fate::Lost]).await;
    let words = format!("bulk approve {BULK} --reason WHY --if-match 4 --key k-1");

    let ended = types(&api.uri, &Clock::manual(NOW.parse().unwrap()), &words).await;

    assert_eq!(ended.exit, Exit::Technical);
    let requests = api.requests();
    assert!(requests.iter().all(|request| request == &requests[0]), "{requests:#?}");
    assert!(ended.stderr.contains("--idempotency-key k-1 --if-match 4\n"), "{}", ended.stderr);
}
