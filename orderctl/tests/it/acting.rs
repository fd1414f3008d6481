//! Version, key and preview of an action, and what is told about it.

use orderctl::exit::Exit;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::desk::{CASE, Desk, ORDER, header, problem};

fn case_path() -> String {
    format!("/orders/{ORDER}/fallout-cases/{CASE}")
}

fn action_path() -> String {
    format!("{}/actions/retry-step", case_path())
}

fn done(verdict: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "action": "retry-step", "verdict": verdict, "falloutCaseId": CASE,
        "caseStatus": "IN_PROGRESS", "caseVersion": 5, "orderStatus": "FALLOUT", "orderVersion": 12,
        "effect": {"step": {"stepKey": "access-link", "status": "READY"}, "stepsReleased": 1},
        "links": {},
    }))
}

async fn desk_with_case(answer: ResponseTemplate) -> Desk {
    let desk = Desk::new().await;
    // The tag is what counts; a body may be older.
    let case = ResponseTemplate::new(200).insert_header("ETag", "\"4\"");
    desk.answers("GET", &case_path(), case.set_body_json(json!({"version": 3}))).await;
    desk.answers("POST", &action_path(), answer).await;
    desk
}

fn act(options: &str) -> String {
    format!("cases act {ORDER} {CASE} retry-step --reason SYSTEM_REPAIRED {options}")
}

#[tokio::test]
async fn an_action_without_a_version_reads_the_case_and_acts_on_what_it_read() {
    let desk = desk_with_case(done("APPLIED")).await;

    let ended = desk.types(&act("")).await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    let asked = desk.asked().await;
    assert_eq!(asked, [format!("GET {}", case_path()), format!("POST {}", action_path())]);
    let sent = &desk.requests().await[1];
    assert_eq!(header(sent, "if-match"), Some("\"4\""));
    let key = header(sent, "idempotency-key").unwrap().trim_matches('"').to_owned();
    assert_eq!(key.len(), 36, "a UUID");
    assert_eq!(ended.stderr, format!("idempotency key {key}, version 4\n"));
    insta::assert_snapshot!("action_applied", ended.stdout);
}

#[tokio::test]
async fn two_commands_never_share_a_key() {
    let desk = desk_with_case(done("APPLIED")).await;

    desk.types(&act("--if-match 4")).await;
    desk.types(&act("--if-match 4")).await;

    let requests = desk.requests().await;
    assert_ne!(header(&requests[0], "idempotency-key"), header(&requests[1], "idempotency-key"));
}

#[tokio::test]
async fn a_version_and_a_key_that_were_given_are_used_as_they_are() {
    let desk = desk_with_case(done("APPLIED")).await;

    desk.types(&act("--if-match 7 --idempotency-key k-1")).await;

    let requests = desk.requests().await;
    assert_eq!(requests.len(), 1);
    assert_eq!(header(&requests[0], "if-match"), Some("\"7\""));
    assert_eq!(header(&requests[0], "idempotency-key"), Some("\"k-1\""));
}

#[tokio::test]
async fn a_preview_needs_neither_version_nor_key_and_says_that_nothing_was_changed() {
    let desk = desk_with_case(done("PREVIEW")).await;

    let ended = desk.types(&act("--preview")).await;

    assert_eq!(ended.exit, Exit::Done);
    assert_eq!(desk.asked().await, [format!("POST {}?preview=true", action_path())]);
    let sent = &desk.requests().await[0];
    assert_eq!((header(sent, "if-match"), header(sent, "idempotency-key")), (None, None));
    assert_eq!(ended.stderr, "nothing was changed; without --preview it is done\n");
    assert!(ended.stdout.contains("what it would do"), "{}", ended.stdout);
}

#[tokio::test]
async fn an_action_that_waits_for_a_second_person_says_so() {
    let desk = desk_with_case(done("AWAITING_APPROVAL")).await;

    let ended = desk.types(&act("")).await;

    assert_eq!(ended.exit, Exit::Done);
    assert!(ended.stderr.contains("a second person has to approve it"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_program_reads_the_answer_of_an_action_as_it_came() {
    let desk = desk_with_case(done("APPLIED")).await;

    let ended = desk.types(&act("-o json")).await;

    let printed: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(printed["effect"]["step"]["stepKey"], "access-link");
}

#[tokio::test]
async fn a_stale_version_ends_with_its_own_code_and_says_what_to_do_next() {
    let refusal = json!({"code": "VERSION_CONFLICT", "title": "Somebody changed it."});
    let desk = desk_with_case(problem(412, refusal)).await;

    let ended = desk.types(&act("")).await;

    assert_eq!(ended.exit, Exit::Stale);
    assert!(ended.stderr.contains("VERSION_CONFLICT (412)"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("read it again (orderctl cases show {ORDER} {CASE})")));
    assert_eq!(desk.asked().await.len(), 2, "a stale version is never overruled by itself");
}

#[tokio::test]
async fn a_refusal_prints_code_sentence_places_and_remedy() {
    let refusal = json!({
        "code": "REASON_REQUIRED", "title": "Nobody may act without a reason.",
        "detail": "Say why.", "correlationId": "c-1",
        "errors": [{"pointer": "/reasonCode", "detail": "must not be empty"}],
    });
    let desk = desk_with_case(problem(422, refusal)).await;

    let ended = desk.types(&act("--if-match 4 --idempotency-key k-1")).await;

    assert_eq!(ended.exit, Exit::Refused);
    assert_eq!(ended.stdout, "");
    assert_eq!(
        ended.stderr,
        "idempotency key k-1, version 4\n\
         error: the API refused: REASON_REQUIRED (422)\n\
         \x20 Nobody may act without a reason. Say why.\n\
         \x20 /reasonCode: must not be empty\n\
         \x20 correlation id c-1\n\
         \x20 next: operator: say why\n\
         \x20 next: orderctl --explain REASON_REQUIRED\n"
    );
}
