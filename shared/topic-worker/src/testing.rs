//! Tasks and orders for the tests of topic functions.

use camunda_client::{BusinessKey, ExternalTask};
use jiff::Timestamp;
use lambda_support::http::client;
use order_domain::actor::Actor;
use order_domain::catalogue::LineAction;
use order_domain::characteristic::CharacteristicValue;
use order_domain::ids::OrderId;
use order_domain::readiness::ReadinessFindings;
use order_domain::tenant::TenantId;
use order_store::commands::{self, CommandOutcome, OrderDraft};
use order_store::{CommandContext, Store};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::worker::Worker;

/// An order for which no readiness check fails.
pub const READY: ReadinessFindings = ReadinessFindings {
    is_quote_accepted: true,
    is_revision_locked: true,
    price_valid_until: None,
    is_price_locked: true,
    is_approved: true,
    is_customer_known: true,
    is_billing_account_ready: true,
    is_contract_complete: true,
    has_duplicate_order: false,
    are_documents_complete: true,
};

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Ready for decomposition.
    Validated,
    /// It has work items.
    Decomposed,
    /// It has a plan.
    Planned,
    /// Its plan is released.
    Released,
    /// Its billing is settled.
    Billed,
    /// It is completed, its communication scheduled.
    Completed,
}

/// The draft with what a line of INTERNET_ACCESS must carry; its plan has two steps.
#[must_use]
pub fn with_work(mut draft: OrderDraft) -> OrderDraft {
    for line in &mut draft.lines {
        let site = CharacteristicValue::Text("site-1".to_owned());
        line.characteristics.insert("siteId".to_owned(), site);
        let bandwidth = CharacteristicValue::Integer(500);
        line.characteristics.insert("bandwidthMbps".to_owned(), bandwidth);
    }
    draft
}

/// The draft with lines that only list what stays as it is; its plan is empty.
#[must_use]
pub fn without_work(mut draft: OrderDraft) -> OrderDraft {
    for line in &mut draft.lines {
        line.action = LineAction::NoChange;
        line.product_instance_id = Some(format!("instance-{}", line.line_number));
    }
    draft
}

/// A task of `topic` for an order, as the engine hands it out the first time.
///
/// # Panics
/// Never: the task is readable.
#[must_use]
pub fn task(topic: &str, tenant: &TenantId, order_id: OrderId) -> ExternalTask {
    serde_json::from_value(task_json(topic, tenant, order_id)).expect("a readable task")
}

/// Lets an engine hand out the task of an order once, and answer its completion with `status`.
pub async fn offer(
    engine: &MockServer,
    (topic, tenant, order_id): (&str, &TenantId, OrderId),
    status: u16,
) {
    let fetch = || Mock::given(method("POST")).and(path("/external-task/fetchAndLock"));
    let tasks = json!([task_json(topic, tenant, order_id)]);
    let once = fetch().respond_with(ResponseTemplate::new(200).set_body_json(tasks));
    once.up_to_n_times(1).mount(engine).await;
    let nothing = ResponseTemplate::new(200).set_body_json(json!([]));
    fetch().respond_with(nothing).mount(engine).await;
    let gone = json!({ "type": "RestException", "code": null,
        "message": "External task with id task does not exist" });
    let answer = ResponseTemplate::new(status);
    let answer = if status == 204 { answer } else { answer.set_body_json(gone) };
    Mock::given(method("POST"))
        .and(path_regex("^/external-task/[^/]+/complete$"))
        .respond_with(answer)
        .mount(engine)
        .await;
}

fn task_json(topic: &str, tenant: &TenantId, order_id: OrderId) -> Value {
    let text = |value: &str| json!({ "value": value, "type": "String" });
    let id = order_id.to_string();
    json!({
        "id": format!("task-{topic}"), "topicName": topic, "workerId": "test-worker:1",
        "businessKey": BusinessKey::of_order(tenant.clone(), order_id).to_string(),
        "processInstanceId": format!("instance-{id}"), "activityId": topic,
        "activityInstanceId": format!("{topic}:1"),
        "variables": { "tenantId": text(tenant.as_str()), "orderId": text(&id),
            "orderVersion": { "value": 1, "type": "Long" },
            "correlationId": text(&id), "workflowRunId": text(&id) },
    })
}

/// A worker over a store, whose engine is at `engine_url` and whose invocations drain the topic.
///
/// # Panics
/// When the URL is not usable.
#[must_use]
pub fn worker(engine_url: &str, store: Store) -> Worker {
    let settings = camunda_client::EngineSettings::parse(engine_url).expect("an engine's URL");
    let http = client(std::time::Duration::from_secs(5)).expect("an HTTP client");
    Worker::new(camunda_client::EngineClient::new(http, settings), store).draining()
}

/// Leads a new order by its commands up to a stage; `owner` may do what all roles may.
///
/// # Panics
/// When a command is refused.
pub async fn lead_to(owner: &Store, tenant: &TenantId, order_id: OrderId, last: Stage) {
    let ctx = CommandContext::new(Actor::function("test", None), Timestamp::now());
    for stage in [
        Stage::Validated,
        Stage::Decomposed,
        Stage::Planned,
        Stage::Released,
        Stage::Billed,
        Stage::Completed,
    ] {
        if stage > last {
            break;
        }
        let tx = owner.tenant_tx(tenant).await.expect("a transaction");
        let outcome = match stage {
            Stage::Validated => commands::validate_readiness(tx, order_id, &ctx, READY).await,
            Stage::Decomposed => commands::decompose(tx, order_id, &ctx).await,
            Stage::Planned => commands::create_fulfillment_plan(tx, order_id, &ctx).await,
            Stage::Released => commands::start_fulfillment(tx, order_id, &ctx).await,
            Stage::Billed => commands::settle_billing(tx, order_id, &ctx).await,
            Stage::Completed => commands::complete_order(tx, order_id, &ctx).await,
        };
        let outcome = outcome.expect("the store answers");
        assert!(matches!(outcome, CommandOutcome::Applied { .. }), "{stage:?}: {outcome:?}");
    }
}
