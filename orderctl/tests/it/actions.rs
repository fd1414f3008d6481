//! What each action sends.

use std::collections::BTreeSet;

use clap::CommandFactory;
use orderctl::cli::Cli;
use orderctl::exit::Exit;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::desk::{CASE, Desk, LINE, ORDER};

/// The words behind `cases act ORDER CASE`, and the body besides the reason.
fn actions() -> Vec<(String, Value)> {
    let plain = [
        "retry-step",
        "defer-billing",
        "escalate",
        "approve",
        "reject",
        "fail-order",
        "revalidate",
        "override-readiness",
        "retry-decomposition",
        "retry-billing",
        "retry-completion",
        "release-step",
        "skip-step",
        "waive-line",
    ];
    let plain = plain.map(|action| (action.to_owned(), json!({})));
    let others = [
        ("retry-step --note two+words", json!({"note": "two words"})),
        ("add-note --note two+words", json!({"note": "two words"})),
        (
            "skip-step --output circuitId=C-7 --output ports:=2",
            json!({"outputs": {"circuitId": "C-7", "ports": 2}}),
        ),
        ("replace-target --target-system INVENTORY", json!({"targetSystem": "INVENTORY"})),
        (
            "request-more-info --ask floor --ask contact",
            json!({"requestedInformation": ["floor", "contact"]}),
        ),
        ("provide-info --info floor=3", json!({"information": {"floor": "3"}})),
        ("assign --group field", json!({"assignedGroup": "field"})),
        ("assign --user ann", json!({"assignedUser": "ann"})),
        (
            "settle-outcome --finding not_executed --evidence asked+them",
            json!({"finding": "NOT_EXECUTED", "evidence": "asked them"}),
        ),
        (
            "settle-outcome --finding EXECUTED --evidence seen --external-reference X-1",
            json!({"finding": "EXECUTED", "evidence": "seen", "externalReference": "X-1"}),
        ),
        (
            "settle-outcome --finding DONE_OUTSIDE --evidence seen --output serial=S-1",
            json!({"finding": "DONE_OUTSIDE", "evidence": "seen", "outputs": {"serial": "S-1"}}),
        ),
        ("escalate --severity critical", json!({"severity": "CRITICAL"})),
    ];
    let others = others.map(|(words, body)| (words.to_owned(), body));
    let with_line = [
        (
            format!("provide-info --info a=b --line {LINE}"),
            json!({"information": {"a": "b"}, "orderLineId": LINE}),
        ),
        (format!("waive-line --line {LINE}"), json!({"orderLineId": LINE})),
    ];
    plain.into_iter().chain(others).chain(with_line).collect()
}

#[tokio::test]
async fn every_action_on_a_case_is_sent_as_the_api_takes_it() {
    for (words, fields) in actions() {
        let desk = Desk::new().await;
        let name = words.split(' ').next().unwrap_or_default();
        let path = format!("/orders/{ORDER}/fallout-cases/{CASE}/actions/{name}");
        let answer = ResponseTemplate::new(200).set_body_json(json!({"verdict": "APPLIED"}));
        desk.answers("POST", &path, answer).await;

        let ended = desk
            .types(&format!("cases act {ORDER} {CASE} {words} --reason WHY --if-match 4"))
            .await;

        assert_eq!(ended.exit, Exit::Done, "{words}: {ended:?}");
        assert_eq!(desk.asked().await, [format!("POST {path}")], "{words}");
        let body: Value = desk.requests().await[0].body_json().unwrap();
        let mut expected = json!({"reasonCode": "WHY"});
        expected.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(body, expected, "{words}");
    }
}

#[test]
fn no_action_of_the_command_line_is_left_out_of_this_test() {
    let command = Cli::command();
    let act = ["cases", "act"].iter().fold(&command, |command, word| {
        command.find_subcommand(word).unwrap_or_else(|| panic!("no {word}"))
    });
    let named: BTreeSet<&str> = act.get_subcommands().map(clap::Command::get_name).collect();
    let sent = actions();
    let sent: BTreeSet<&str> =
        sent.iter().filter_map(|(words, _)| words.split(' ').next()).collect();

    assert_eq!(named, sent);
    assert_eq!(named.len(), 20);
}

#[tokio::test]
async fn an_action_on_an_order_is_sent_with_the_version_of_the_order() {
    let desk = Desk::new().await;
    desk.shows(&format!("/orders/{ORDER}"), json!({"version": 9})).await;
    let path = format!("/orders/{ORDER}/actions/fail-order");
    let answer = ResponseTemplate::new(200).set_body_json(json!({"verdict": "APPLIED"}));
    desk.answers("POST", &path, answer).await;

    let ended = desk.types(&format!("orders act {ORDER} fail-order --reason WHY")).await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    assert_eq!(desk.asked().await, [format!("GET /orders/{ORDER}"), format!("POST {path}")]);
    let sent = &desk.requests().await[1];
    assert_eq!(sent.body_json::<Value>().unwrap(), json!({"reasonCode": "WHY"}));
    assert_eq!(crate::desk::header(sent, "if-match"), Some("\"9\""));
}

#[tokio::test]
async fn what_an_action_needs_is_asked_for_before_anything_is_sent() {
    let desk = Desk::new().await;
    for words in [
        "retry-step",
        "add-note --reason WHY",
        "replace-target --reason WHY",
        "request-more-info --reason WHY",
        "provide-info --reason WHY",
        "provide-info --reason WHY --info floor",
        "assign --reason WHY",
        "settle-outcome --reason WHY --finding EXECUTED",
        "settle-outcome --reason WHY --finding MAYBE --evidence seen",
        "retry-step --reason WHY --if-match latest",
        "retry-step --reason WHY --idempotency-key two+words",
        "cancel-everything --reason WHY",
    ] {
        let ended = desk.types(&format!("cases act {ORDER} {CASE} {words}")).await;

        assert_eq!(ended.exit, Exit::Usage, "{words}");
        assert!(ended.stderr.contains("error:"), "{words}: {ended:?}");
    }
    let ended =
        desk.types(&format!("orders act {ORDER} waive-line --reason WHY --line {LINE}")).await;
    assert_eq!(ended.exit, Exit::Usage);
    assert!(desk.asked().await.is_empty());
}
