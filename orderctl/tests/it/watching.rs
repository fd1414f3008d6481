//! Following an order.

use orderctl::exit::Exit;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::desk::{Desk, NOW, ORDER, problem};

fn transitions(statuses: &[&str]) -> Vec<Value> {
    let transition = |status: &&str| json!({"subjectType": "ORDER", "toStatus": status, "command": "c", "occurredAt": NOW});
    statuses.iter().map(transition).collect()
}

fn order(statuses: &[&str], step: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "orderId": ORDER,
        "status": statuses.last(),
        "steps": [{"stepKey": "access-link", "status": step}],
        "transitions": transitions(statuses),
    }))
}

async fn followed(looks: &[(&[&str], &str)]) -> Desk {
    let desk = Desk::new().await;
    let path = format!("/orders/{ORDER}");
    let (last, others) = looks.split_last().unwrap();
    for (statuses, step) in others {
        desk.answers_once("GET", &path, order(statuses, step)).await;
    }
    desk.answers("GET", &path, order(last.0, last.1)).await;
    desk
}

#[tokio::test]
async fn each_change_is_printed_once_until_the_order_is_completed() {
    let desk = followed(&[
        (&["CREATED"], "READY"),
        (&["CREATED"], "READY"),
        (&["CREATED", "VALIDATED"], "SUBMITTED"),
        (&["CREATED", "VALIDATED", "COMPLETED"], "COMPLETED"),
    ])
    .await;

    let ended = desk.types(&format!("orders watch {ORDER}")).await;

    assert_eq!(ended.exit, Exit::Done);
    assert_eq!(
        ended.stdout,
        "2026-03-02 12:00:00Z  ORDER   is CREATED\n\
         2026-03-02 12:00:00Z  ORDER   VALIDATED (c)\n\
         2026-03-02 12:00:04Z  STEP    access-link READY → SUBMITTED\n\
         2026-03-02 12:00:00Z  ORDER   COMPLETED (c)\n\
         2026-03-02 12:00:06Z  STEP    access-link SUBMITTED → COMPLETED\n"
    );
    assert_eq!(desk.asked().await.len(), 4);
}

#[tokio::test]
async fn the_exit_code_says_how_the_order_ended() {
    for (status, options, expected) in [
        ("COMPLETED", "", Exit::Done),
        ("FAILED", "", Exit::EndedOtherwise),
        ("CANCELLED", "", Exit::EndedOtherwise),
        ("FALLOUT", "--until fallout", Exit::Done),
        ("FAILED", "--until FAILED", Exit::Done),
        ("COMPLETED", "--until FALLOUT", Exit::EndedOtherwise),
    ] {
        let desk = followed(&[(&[status], "COMPLETED")]).await;

        let ended = desk.types(&format!("orders watch {ORDER} {options}")).await;

        assert_eq!(ended.exit, expected, "{status} {options}");
        assert_eq!(desk.asked().await.len(), 1, "{status} {options}");
    }
}

#[tokio::test]
async fn an_order_that_does_not_get_there_in_time_ends_the_watch() {
    let desk = followed(&[(&["CREATED"], "READY")]).await;

    let ended = desk.types(&format!("orders watch {ORDER} --timeout 10s --every 5s")).await;

    assert_eq!(ended.exit, Exit::TimedOut);
    assert_eq!(desk.asked().await.len(), 3, "at 0, 5 and 10 seconds");
    assert!(ended.stderr.contains("the time is over, and the order is CREATED"), "{ended:?}");
    assert!(ended.stderr.contains(&format!("orderctl orders explain {ORDER}")));
}

#[tokio::test]
async fn a_program_reads_one_change_per_line() {
    let desk = followed(&[(&["CREATED"], "READY"), (&["CREATED", "COMPLETED"], "READY")]).await;

    let ended = desk.types(&format!("orders watch {ORDER} -o json")).await;

    let lines: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<&str> = lines.iter().filter_map(|line| line["what"].as_str()).collect();
    assert_eq!(said, ["is CREATED", "COMPLETED (c)"]);
    assert_eq!(lines[0]["at"], NOW);
}

#[tokio::test]
async fn a_busy_api_is_asked_again_and_the_watch_goes_on() {
    let desk = Desk::new().await;
    let path = format!("/orders/{ORDER}");
    let busy =
        problem(503, json!({"code": "SOURCE_UNAVAILABLE"})).insert_header("Retry-After", "5");
    desk.answers_once("GET", &path, busy).await;
    desk.answers("GET", &path, order(&["COMPLETED"], "COMPLETED")).await;

    let ended = desk.types(&format!("orders watch {ORDER}")).await;

    assert_eq!(ended.exit, Exit::Done);
    assert_eq!(desk.clock.now().to_string(), "2026-03-02T12:00:05Z");
}
