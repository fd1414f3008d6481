//! Orders and configuration for tests: the sample catalogue, and small orders that fit it.

use jiff::Timestamp;
use order_domain::actor::Actor;
use order_domain::catalogue::LineAction;
use order_domain::characteristic::{CharacteristicValue, Characteristics};
use order_domain::ids::{CorrelationId, OrderId, OrderLineId};
use order_domain::tenant::TenantId;
use order_store::commands::{
    CreateOutcome, KeyClaim, NewOrderLine, OrderDraft, claim_intake_key, create_order_from_quote,
};
use order_store::{CommandContext, Store, catalogue, target_system};
use serde_json::{Value, json};
use uuid::Uuid;

const CATALOGUE: &str = include_str!("../../../catalog/catalogue.json");
const TARGET_SYSTEMS: &str = include_str!("../../../catalog/target-systems.json");

/// The tenant that tests act for.
///
/// # Panics
/// Never: the name is valid.
#[must_use]
pub fn tenant() -> TenantId {
    "acme".parse().expect("a valid tenant name")
}

/// Loads the sample catalogue as the tenant's current one.
///
/// # Panics
/// When the sample or the store refuses.
pub async fn demo_catalogue(owner: &Store, tenant: &TenantId) {
    let document: Value = serde_json::from_str(CATALOGUE).expect("the sample catalogue is JSON");
    let tx = owner.tenant_tx(tenant).await.expect("a transaction");
    let version = document["version"].as_i64().and_then(|x| i32::try_from(x).ok());
    let loaded =
        catalogue::apply(tx, version.expect("a version"), &document, Timestamp::now()).await;
    assert_eq!(loaded.expect("the store answers"), catalogue::ApplyOutcome::Current);
}

/// Configures the sample target systems, reached below `base_url`.
///
/// # Panics
/// When the sample or the store refuses.
pub async fn demo_target_systems(owner: &Store, tenant: &TenantId, base_url: &str) {
    let text = TARGET_SYSTEMS.replace("{simulator}", base_url);
    let document: Value = serde_json::from_str(&text).expect("the sample systems are JSON");
    let systems: Vec<(String, Value)> = document[tenant.as_str()]
        .as_array()
        .expect("a list of systems")
        .iter()
        .map(|x| (x["system"].as_str().unwrap_or_default().to_owned(), x["settings"].clone()))
        .collect();
    let tx = owner.tenant_tx(tenant).await.expect("a transaction");
    target_system::apply(tx, &systems, Timestamp::now()).await.expect("the store answers");
}

/// What the sample catalogue's `ROUTER_RENTAL` asks for.
fn characteristics() -> Characteristics {
    [("model", "R1"), ("siteId", "site-1")]
        .map(|(name, value)| (name.to_owned(), CharacteristicValue::Text(value.to_owned())))
        .into()
}

/// An order of one mandatory line per product code, without prices; fits `ROUTER_RENTAL`.
#[must_use]
pub fn order_draft(product_codes: &[&str]) -> OrderDraft {
    let order_id = Uuid::now_v7();
    let lines = product_codes.iter().zip(1..).map(|(code, number)| NewOrderLine {
        id: OrderLineId::from_uuid(Uuid::now_v7()),
        line_number: number,
        quote_item_id: format!("item-{number}"),
        parent_line_id: None,
        product_code: (*code).to_owned(),
        action: LineAction::Add,
        quantity: 1,
        recurring_price: None,
        one_time_price: None,
        characteristics: characteristics(),
        previous_characteristics: Characteristics::new(),
        product_instance_id: None,
        is_mandatory: true,
    });
    OrderDraft {
        order_id: OrderId::from_uuid(order_id),
        order_number: format!("ORD-{}", order_id.simple()),
        quote_id: format!("Q-{}", order_id.simple()),
        quote_revision: 1,
        customer_id: "customer-1".to_owned(),
        billing_account_id: "account-1".to_owned(),
        correlation_id: CorrelationId::from_uuid(Uuid::now_v7()),
        quote_document: json!({}),
        quote_digest: "0".repeat(64),
        lines: lines.collect(),
    }
}

/// Takes an order in, as `order-intake` does.
///
/// # Panics
/// When the store refuses.
pub async fn place_order(intake: &Store, tenant: &TenantId, draft: &OrderDraft) -> OrderId {
    let ctx = CommandContext::new(Actor::caller("test", Vec::new()), Timestamp::now())
        .with_idempotency_key(draft.order_id.to_string());
    let tx = intake.tenant_tx(tenant).await.expect("a transaction");
    let lease = jiff::SignedDuration::from_secs(30);
    let claim = claim_intake_key(tx, &ctx, "fingerprint", lease).await.expect("a claim");
    let KeyClaim::Claimed { lease_epoch } = claim else { panic!("the key is new: {claim:?}") };
    let tx = intake.tenant_tx(tenant).await.expect("a transaction");
    let created = create_order_from_quote(tx, &ctx, draft, (lease_epoch, &json!({}))).await;
    assert_eq!(created.expect("the store answers"), CreateOutcome::Created);
    draft.order_id
}
