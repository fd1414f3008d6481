//! A catalogue in the event.

use serde_json::{Value, json};

use super::Fixture;

const SAMPLE: &str = include_str!("../../../../../catalog/catalogue.json");
const STORED: &str = "select string_agg(tenant_id || ' ' || version || ' ' || is_current || ' ' || \
                      loaded_at, ', ') from product_catalogue";
const TABLES: &str = "select count(*)::text from pg_tables where schemaname = 'public'";

fn event(change: impl FnOnce(&mut Value)) -> Value {
    let mut catalogue: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
    change(&mut catalogue);
    json!({ "tenantId": "acme", "catalogue": catalogue })
}

#[tokio::test]
async fn a_catalogue_in_the_event_is_loaded_once_and_answered() {
    let oms = Fixture::new().await;
    oms.know("oms/role-passwords", &json!({})).await;

    let first = oms.invoke(event(|_| ())).await.expect("it is loaded");
    let stored = oms.text(STORED).await;
    let again = oms.invoke(event(|_| ())).await.expect("it is there already");

    let sample = event(|_| ())["catalogue"].clone();
    let answer = serde_json::to_value(&first).expect("an answer");
    let products = sample["products"].as_array().map(Vec::len);
    let expected =
        json!({ "tenantId": "acme", "version": sample["version"], "products": products });
    assert_eq!(answer["catalogue"], expected);
    assert_eq!((again.catalogue, again.applied), (first.catalogue, Vec::new()));
    assert!(stored.as_deref().is_some_and(|x| x.starts_with("acme ")), "{stored:?}");
    assert_eq!(oms.text(STORED).await, stored);
    oms.finish().await;
}

#[tokio::test]
async fn a_catalogue_that_breaks_its_rules_stops_the_run_before_anything_is_changed() {
    let oms = Fixture::new().await;
    oms.know("oms/role-passwords", &json!({})).await;
    let twice = |catalogue: &mut Value| {
        let product = catalogue["products"][0].clone();
        catalogue["products"].as_array_mut().expect("a list").push(product);
    };
    for (event, complaint) in [
        (event(|catalogue| catalogue["products"][0]["code"] = json!(7)), "/products/0/code: type"),
        (event(twice), "appears twice"),
        (json!({ "tenantId": "acme" }), "neither empty nor a catalogue"),
        (json!({ "tenantId": "ACME", "catalogue": {} }), "neither empty nor a catalogue"),
        (json!({ "catalog": {} }), "neither empty nor a catalogue"),
    ] {
        let refused = oms.invoke(event).await.expect_err("it is refused").to_string();

        assert!(refused.contains(complaint), "{refused}");
        assert_eq!(oms.text(TABLES).await.as_deref(), Some("0"), "{refused}");
    }
    oms.finish().await;
}

#[tokio::test]
async fn other_content_under_a_version_that_exists_is_refused_and_not_written() {
    let oms = Fixture::new().await;
    oms.know("oms/role-passwords", &json!({})).await;
    let _ = oms.invoke(event(|_| ())).await.expect("it is loaded");
    let stored = oms.text(STORED).await;

    let other = event(|catalogue| catalogue["products"][0]["name"] = json!("Another name"));
    let refused = oms.invoke(other).await.expect_err("it is refused").to_string();

    assert!(refused.contains("exists with other content"), "{refused}");
    assert_eq!(oms.text(STORED).await, stored);
    oms.finish().await;
}
