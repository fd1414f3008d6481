//! Looking at bulk actions, in the documents that the API's description gives as examples.

use orderctl::exit::Exit;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::desk::Desk;

pub(crate) const BULK: &str = "018f3a5e-7b00-7a10-8000-0000000000b1";

macro_rules! example {
    ($name:literal) => {
        serde_json::from_str(include_str!(concat!(
            "../../../functions/operator-api/src/description/examples/",
            $name
        )))
        .unwrap()
    };
}
pub(crate) use example;

pub(crate) fn path() -> String {
    format!("/bulk-actions/{BULK}")
}

/// The example, somewhere else.
pub(crate) fn bulk(status: &str) -> Value {
    let mut bulk: Value = example!("bulk.json");
    bulk["status"] = status.into();
    bulk
}

pub(crate) fn answer(document: &Value) -> ResponseTemplate {
    let tag = format!("\"{}\"", document["version"]);
    ResponseTemplate::new(200).insert_header("ETag", tag.as_str()).set_body_json(document)
}

#[tokio::test]
async fn bulk_actions_are_listed_with_the_ids_that_other_commands_take() {
    let desk = Desk::new().await;
    desk.shows("/bulk-actions", example!("bulk-list.json")).await;

    let ended = desk.types("bulk list --limit 5").await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    assert_eq!(desk.asked().await, ["GET /bulk-actions?limit=5"]);
    insta::assert_snapshot!("bulk_listed", ended.stdout);
}

#[tokio::test]
async fn a_bulk_action_is_shown_with_counts_forecasts_troubles_and_who_moved_it() {
    let desk = Desk::new().await;
    desk.answers("GET", &path(), answer(&bulk("AWAITING_APPROVAL"))).await;

    let ended = desk.types(&format!("bulk show {BULK}")).await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    insta::assert_snapshot!("bulk_shown", ended.stdout);
    let next = |x: &str| ended.stderr.contains(&format!("  next: {x}\n"));
    assert!(next(&format!("orderctl bulk items {BULK} --status EXCLUDED")), "{}", ended.stderr);
    assert!(next(&format!(
        "a supervisor other than olga: orderctl bulk approve {BULK} --reason CODE"
    )));
}

#[tokio::test]
async fn one_trouble_of_the_first_few_and_of_the_others_is_told_once() {
    let desk = Desk::new().await;
    let group = |is_canary: bool, count: u32| {
        let sample = json!({"orderId": "o", "falloutCaseId": format!("c{count}")});
        json!({"status": "FAILED_AGAIN", "code": "NO_STOCK", "isCanary": is_canary,
               "count": count, "samples": [sample, sample]})
    };
    let mut document = bulk("COMPLETED");
    document["groups"] = json!([group(true, 1), group(false, 7)]);
    desk.answers("GET", &path(), answer(&document)).await;

    let ended = desk.types(&format!("bulk show {BULK}")).await;

    assert_eq!(ended.stdout.matches("NO_STOCK").count(), 2, "selection and trouble");
    assert!(ended.stdout.contains("      8  FAILED_AGAIN  NO_STOCK\n"), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("         o c").count(), 3, "{}", ended.stdout);
}

#[tokio::test]
async fn the_cases_of_a_bulk_action_are_listed_page_after_page() {
    let desk = Desk::new().await;
    let mut first: Value = example!("bulk-items.json");
    first["links"]["next"] = json!(format!("{}/items?limit=1&cursor=x", path()));
    let items = format!("{}/items", path());
    desk.answers_once("GET", &items, ResponseTemplate::new(200).set_body_json(first)).await;
    desk.shows(&items, example!("bulk-items.json")).await;

    let words = format!("bulk items {BULK} --status failed_again --limit 1 --all");
    let ended = desk.types(&words).await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    assert_eq!(
        desk.asked().await,
        [
            format!("GET {items}?status=FAILED_AGAIN&limit=1"),
            format!("GET {items}?limit=1&cursor=x")
        ]
    );
    insta::assert_snapshot!("bulk_items_listed", ended.stdout);
}

#[tokio::test]
async fn a_program_reads_a_bulk_action_as_the_api_tells_it() {
    let desk = Desk::new().await;
    desk.answers("GET", &path(), answer(&bulk("RUNNING"))).await;

    let ended = desk.types(&format!("bulk show {BULK} -o json")).await;

    assert_eq!(serde_json::from_str::<Value>(&ended.stdout).unwrap(), bulk("RUNNING"));
}

#[tokio::test]
async fn a_document_that_says_almost_nothing_is_shown_all_the_same() {
    let desk = Desk::new().await;
    desk.shows(&path(), json!({"status": "A_STATUS_OF_TOMORROW", "groups": 3})).await;

    let ended = desk.types(&format!("bulk show {BULK}")).await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    assert!(ended.stdout.starts_with("-  A_STATUS_OF_TOMORROW\n"), "{}", ended.stdout);
}
