//! Preparing: what is sent, the wait for the dry run, and what is told about it.

use orderctl::exit::Exit;
use orderctl::world::Clock;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::bulk::{BULK, answer, bulk, example, path};
use crate::desk::{Desk, NOW, header, problem, types};
use crate::losing_api::{Fate, LosingApi};

const PREPARE: &str = "bulk prepare retry-step --reason SYSTEM_MENDED --signature A/b/C";

/// The API takes it, and these are the looks at it.
async fn desk(looks: &[Value]) -> Desk {
    let desk = Desk::new().await;
    let prepared: Value = example!("bulk-prepared.json");
    desk.answers("POST", "/bulk-actions", ResponseTemplate::new(201).set_body_json(prepared)).await;
    let (last, others) = looks.split_last().unwrap();
    for look in others {
        desk.answers_once("GET", &path(), answer(look)).await;
    }
    desk.answers("GET", &path(), answer(last)).await;
    desk
}

/// The body of the only request that asks for something.
async fn sent(desk: &Desk) -> Value {
    serde_json::from_slice(&desk.requests().await[0].body).unwrap()
}

#[tokio::test]
async fn a_prepared_action_is_shown_as_soon_as_its_dry_run_is_there() {
    let desk = desk(&[bulk("PREPARING"), bulk("PREPARING"), bulk("PREPARED")]).await;

    let ended = desk.types(&format!("{PREPARE} --key k-1")).await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    let asked = desk.asked().await;
    assert_eq!((asked[0].as_str(), asked.len()), ("POST /bulk-actions", 4));
    assert_eq!(header(&desk.requests().await[0], "idempotency-key"), Some("\"k-1\""));
    assert_eq!(header(&desk.requests().await[0], "if-match"), None);
    assert!(ended.stdout.starts_with("retry-step  PREPARED\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("OUTCOME_CANNOT_BE_ASKED"), "{}", ended.stdout);
    insta::assert_snapshot!("bulk_prepared", ended.stderr);
}

#[tokio::test]
async fn every_condition_and_option_is_sent_with_the_names_of_the_api() {
    let desk = desk(&[bulk("PREPARED")]).await;

    desk.types(
        "bulk prepare escalate --reason LATE --note two+words --owner-group G --owner-user U \
         --reason-code R --signature S --severity minor --overdue --target-system T --status open \
         --to-severity critical --canary 3 --rate 30 --pause-after 7",
    )
    .await;

    assert_eq!(
        sent(&desk).await,
        json!({
            "action": "escalate", "reasonCode": "LATE", "note": "two words", "severity": "CRITICAL",
            "selection": {"ownerGroup": "G", "ownerUser": "U", "reasonCode": "R",
                "failureSignature": "S", "severity": "MINOR", "overdue": true,
                "targetSystem": "T", "status": "OPEN"},
            "canarySize": 3, "ratePerMinute": 30, "pauseAfterFailures": 7,
        })
    );
}

#[tokio::test]
async fn what_was_not_said_is_not_sent() {
    let desk = desk(&[bulk("PREPARED")]).await;

    desk.types(PREPARE).await;

    let selection = json!({"failureSignature": "A/b/C"});
    let body =
        json!({"action": "retry-step", "reasonCode": "SYSTEM_MENDED", "selection": selection});
    assert_eq!(sent(&desk).await, body);
}

#[tokio::test]
async fn an_action_gets_what_it_needs_and_nothing_that_it_does_not_know() {
    for (words, field) in [
        ("replace-target --to-system BACKUP", json!({"targetSystem": "BACKUP"})),
        ("assign --assign-user ann", json!({"assignedUser": "ann"})),
        ("assign --assign-group field", json!({"assignedGroup": "field"})),
        ("add-note --note seen", json!({"note": "seen"})),
    ] {
        let desk = desk(&[bulk("PREPARED")]).await;

        let ended = desk.types(&format!("bulk prepare {words} --reason WHY --overdue")).await;

        assert_eq!(ended.exit, Exit::Done, "{words}: {ended:?}");
        let (name, value) = field.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&sent(&desk).await[name], value, "{words}");
    }
}

#[tokio::test]
async fn a_mistake_is_told_before_anything_is_sent() {
    let desk = Desk::new().await;
    for (words, said) in [
        ("retry-step --reason WHY", "required arguments were not provided"),
        ("retry-step --overdue", "--reason <CODE>"),
        ("skip-step --reason WHY --overdue", "invalid value 'skip-step'"),
        ("replace-target --reason WHY --overdue", "replace-target needs --to-system"),
        ("assign --reason WHY --overdue", "assign needs --assign-group or --assign-user"),
        ("add-note --reason WHY --overdue", "--note <TEXT>"),
        ("retry-step --reason WHY --overdue --to-system X", "retry-step takes no --to-system"),
        (
            "assign --reason WHY --overdue --assign-user ann --to-severity MINOR",
            "assign takes no --to-severity",
        ),
        ("retry-step --reason WHY --overdue --canary 0", "0 is not in"),
    ] {
        let ended = desk.types(&format!("bulk prepare {words}")).await;

        assert_eq!(ended.exit, Exit::Usage, "{words}: {ended:?}");
        assert!(ended.stderr.contains(said), "{words}: {}", ended.stderr);
    }
    assert!(desk.asked().await.is_empty());
}

#[tokio::test]
async fn a_dry_run_that_leaves_nothing_to_start_ends_otherwise() {
    let desk = desk(&[bulk("COMPLETED")]).await;

    let ended = desk.types(PREPARE).await;

    assert_eq!(ended.exit, Exit::EndedOtherwise);
    assert!(ended.stderr.contains("there is nothing to start\n"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("bulk start"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_dry_run_that_takes_too_long_goes_on_without_the_command() {
    let desk = desk(&[bulk("PREPARING")]).await;

    let ended = desk.types(&format!("{PREPARE} --timeout 3s")).await;

    assert_eq!(ended.exit, Exit::TimedOut);
    assert!(ended.stderr.contains("the dry run goes on\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("  next: orderctl bulk watch {BULK}\n")));
    assert_eq!(desk.asked().await.len(), 5, "prepared, then looked at 0, 1, 2 and 3 seconds");
}

#[tokio::test]
async fn whoever_loses_sight_of_the_dry_run_is_told_where_it_is() {
    let desk = Desk::new().await;
    let prepared: Value = example!("bulk-prepared.json");
    desk.answers("POST", "/bulk-actions", ResponseTemplate::new(201).set_body_json(prepared)).await;
    desk.answers("GET", &path(), problem(500, json!({"code": "INTERNAL_ERROR"}))).await;

    let ended = desk.types(PREPARE).await;

    assert_eq!(ended.exit, Exit::Technical);
    let next = format!("  next: it is prepared all the same: orderctl bulk show {BULK}\n");
    assert!(ended.stderr.contains(&next), "{}", ended.stderr);
    assert!(!ended.stderr.contains("is not known"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_with_the_same_key_and_never_selects_twice() {
    let api = LosingApi::with(&[Fate::Lost]).await;

    let ended = types(&api.uri, &Clock::manual(NOW.parse().unwrap()), PREPARE).await;

    assert_eq!(ended.exit, Exit::Technical);
    let requests = api.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| request == &requests[0]), "{requests:#?}");
    let key = requests[0].lines().find_map(|x| x.strip_prefix("idempotency-key: ")).unwrap();
    let next = format!("it is done once: --idempotency-key {}\n", key.trim_matches('"'));
    assert!(ended.stderr.contains(&next), "{}", ended.stderr);
}

#[tokio::test]
async fn a_refused_selection_ends_as_a_refusal_with_its_code() {
    let desk = Desk::new().await;
    let refusal = json!({"code": "BULK_SELECTS_NOTHING", "title": "The bulk action is refused.",
        "detail": "No open case fits the selection."});
    desk.answers("POST", "/bulk-actions", problem(422, refusal)).await;

    let ended = desk.types(PREPARE).await;

    assert_eq!(ended.exit, Exit::Refused);
    assert!(ended.stderr.contains("BULK_SELECTS_NOTHING (422)"), "{}", ended.stderr);
    assert!(ended.stderr.contains("No open case fits the selection."), "{}", ended.stderr);
    assert_eq!(desk.asked().await.len(), 1);
}
