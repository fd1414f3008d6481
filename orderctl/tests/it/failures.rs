//! How commands end when the API does not do what was asked.

use orderctl::exit::Exit;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::desk::{CASE, Desk, ORDER, TOKEN, problem};

async fn ends(status: u16, code: &str) -> (Exit, String) {
    let desk = Desk::new().await;
    let refusal = problem(status, json!({"code": code, "title": "A sentence."}));
    desk.answers("GET", &format!("/orders/{ORDER}"), refusal).await;
    let ended = desk.types(&format!("orders show {ORDER}")).await;
    assert_eq!(ended.stdout, "", "a failure is no data");
    (ended.exit, ended.stderr)
}

#[tokio::test]
async fn every_kind_of_failure_has_its_exit_code_and_names_the_next_thing_to_do() {
    for (status, code, expected, next) in [
        (400, "PARAMETER_INVALID", Exit::Usage, "caller: correct the one in `errors`"),
        (401, "TOKEN_INVALID", Exit::NotAllowed, "caller: get a new token"),
        (403, "SCOPE_MISSING", Exit::NotAllowed, "caller's identity team: grant the scope"),
        (404, "NOT_FOUND", Exit::NotFound, "caller: check id and tenant of the token"),
        (409, "ORDER_IS_TERMINAL", Exit::Refused, "orderctl --explain ORDER_IS_TERMINAL"),
        (500, "INTERNAL_ERROR", Exit::Technical, "engineering: search the log"),
    ] {
        let (exit, message) = ends(status, code).await;

        assert_eq!(exit, expected, "{code}");
        assert!(message.contains(&format!("{code} ({status})")), "{message}");
        assert!(message.contains("  A sentence.\n"), "{message}");
        assert!(message.contains(&format!("  next: {next}")), "{message}");
        assert!(message.contains(&format!("  next: orderctl --explain {code}\n")), "{message}");
    }
}

#[tokio::test]
async fn a_failure_without_a_known_code_names_a_next_thing_as_well() {
    for (status, code, expected, next) in [
        (403, "", Exit::NotAllowed, "check the token: ORDERCTL_TOKEN or --token-file"),
        (404, "", Exit::NotFound, "check the ids"),
        (409, "OF_THE_FUTURE", Exit::Refused, "a newer orderctl may know the code"),
        (500, "", Exit::Technical, "then repeat"),
    ] {
        let (exit, message) = ends(status, code).await;

        assert_eq!(exit, expected, "{status}");
        assert!(message.contains("  next: ") && message.contains(next), "{message}");
        assert!(!message.contains("--explain"), "it would not know: {message}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_a_technical_failure() {
    let desk = Desk::new().await;
    let page = ResponseTemplate::new(200).set_body_string("<html>");
    desk.answers("GET", &format!("/orders/{ORDER}"), page).await;

    let ended = desk.types(&format!("orders show {ORDER}")).await;

    assert_eq!(ended.exit, Exit::Technical);
    assert!(ended.stderr.contains("the answer cannot be read"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_redirect_is_not_followed_because_the_token_is_for_this_api_only() {
    let desk = Desk::new().await;
    let elsewhere = Desk::new().await;
    let redirect = ResponseTemplate::new(307).insert_header("Location", elsewhere.server.uri());
    desk.answers("GET", "/orders", redirect).await;

    let ended = desk.types("orders list").await;

    assert_eq!(ended.exit, Exit::Technical);
    assert!(elsewhere.asked().await.is_empty());
}

#[tokio::test]
async fn no_message_shows_the_token() {
    let desk = Desk::new().await;
    desk.answers("GET", "/orders", problem(401, json!({"code": "TOKEN_INVALID"}))).await;

    for words in [
        "orders list",
        "orders list --status NO",
        "orders watch x",
        "--token second-secret",
        &format!("cases act {ORDER} {CASE} approve --reason WHY"),
    ] {
        let ended = desk.types(words).await;

        let printed = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!printed.contains(TOKEN) && !printed.contains("second-secret"), "{printed}");
    }
}
