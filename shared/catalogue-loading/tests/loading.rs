//! Loading against PostgreSQL, as the owner of the schema.

use catalogue_loading::{CheckedCatalogue, LoadError, LoadedCatalogue, load};
use jiff::Timestamp;
use order_domain::tenant::TenantId;
use order_store::Store;
use serde_json::{Value, json};
use test_support::TestDatabase;

const SAMPLE: &str = include_str!("../../../catalog/catalogue.json");
const STORED: &str = "select string_agg(version || ' ' || is_current || ' ' || loaded_at || digest, \
                      ', ' order by version) from product_catalogue where tenant_id = 'acme'";

fn tenant() -> TenantId {
    "acme".parse().expect("a tenant")
}

fn sample(version: i32) -> CheckedCatalogue {
    let mut document: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
    document["version"] = json!(version);
    CheckedCatalogue::parse(document).expect("it is a catalogue")
}

async fn loaded(store: &Store, catalogue: &CheckedCatalogue) -> Result<LoadedCatalogue, LoadError> {
    load(store, &tenant(), catalogue, Timestamp::now()).await
}

#[tokio::test]
async fn loading_the_same_catalogue_again_changes_nothing() {
    let oms = TestDatabase::create().await;
    let owner = oms.store("oms_owner").await;
    let first = loaded(&owner, &sample(7)).await.expect("it is loaded");
    let stored = oms.text(STORED).await;

    let again = loaded(&owner, &sample(7)).await.expect("it is there already");

    assert_eq!((again.version, &again), (7, &first));
    assert_eq!(oms.text(STORED).await, stored);
    oms.finish().await;
}

#[tokio::test]
async fn a_new_version_becomes_the_current_one() {
    let oms = TestDatabase::create().await;
    let owner = oms.store("oms_owner").await;
    for version in [7, 8] {
        loaded(&owner, &sample(version)).await.expect("it is loaded");
    }

    let current = "select version::bigint from product_catalogue where is_current";

    assert_eq!(oms.number(current).await, 8);
    assert_eq!(oms.number("select count(*) from product_catalogue").await, 2);
    oms.finish().await;
}

#[tokio::test]
async fn a_version_with_other_content_is_refused_and_nothing_is_written() {
    let oms = TestDatabase::create().await;
    let owner = oms.store("oms_owner").await;
    for version in [7, 8] {
        loaded(&owner, &sample(version)).await.expect("it is loaded");
    }
    let stored = oms.text(STORED).await;
    let mut other = sample(7).document().clone();
    other["products"][0]["name"] = json!("Another name");

    let refused = loaded(&owner, &CheckedCatalogue::parse(other).unwrap()).await;

    assert!(matches!(refused, Err(LoadError::VersionTaken { version: 7, .. })), "{refused:?}");
    assert_eq!(oms.text(STORED).await, stored);
    oms.finish().await;
}
