//! An engine that hands out one task, and the worker that asks it.

use std::time::Duration;

use camunda_client::{BusinessKey, EngineClient, EngineSettings, ExternalTask};
use lambda_support::http::client;
use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use order_store::Store;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::worker::Worker;

/// A task of `topic` for an order, as the engine hands it out the first time.
///
/// # Panics
/// Never: the task is readable.
#[must_use]
pub fn task(topic: &str, tenant: &TenantId, order_id: OrderId) -> ExternalTask {
    serde_json::from_value(task_json((topic, tenant, order_id), None)).expect("a readable task")
}

/// Lets an engine hand out the task of an order once, with its case where it names one, and answer
/// its report with `status`.
pub(super) async fn offer(
    server: &MockServer,
    (of, case_id): ((&str, &TenantId, OrderId), Option<&str>),
    status: u16,
) {
    let fetch = || Mock::given(method("POST")).and(path("/engine-rest/external-task/fetchAndLock"));
    let tasks = json!([task_json(of, case_id)]);
    let once = fetch().respond_with(ResponseTemplate::new(200).set_body_json(tasks));
    once.up_to_n_times(1).mount(server).await;
    let nothing = ResponseTemplate::new(200).set_body_json(json!([]));
    fetch().respond_with(nothing).mount(server).await;
    let gone = json!({ "type": "RestException", "code": null,
        "message": "External task with id task does not exist" });
    let answer = ResponseTemplate::new(status);
    let answer = if status == 204 { answer } else { answer.set_body_json(gone) };
    Mock::given(method("POST"))
        .and(path_regex("^/engine-rest/external-task/[^/]+/(complete|bpmnError|failure)$"))
        .respond_with(answer)
        .mount(server)
        .await;
}

/// A worker over a store, whose invocations drain the topic.
pub(super) fn worker(server: &MockServer, store: Store) -> Worker {
    let url = format!("{}/engine-rest", server.uri());
    let settings = EngineSettings::parse(&url).expect("an engine's URL");
    let http = client(Duration::from_secs(5)).expect("an HTTP client");
    Worker::new(EngineClient::new(http, settings), store).draining()
}

fn task_json(
    (topic, tenant, order_id): (&str, &TenantId, OrderId),
    case_id: Option<&str>,
) -> Value {
    let text = |value: &str| json!({ "value": value, "type": "String" });
    let id = order_id.to_string();
    let mut task = json!({
        "id": format!("task-{topic}"), "topicName": topic, "workerId": "test-worker:1",
        "businessKey": BusinessKey::of_order(tenant.clone(), order_id).to_string(),
        "processInstanceId": format!("instance-{id}"), "activityId": topic,
        "activityInstanceId": format!("{topic}:1"),
        "variables": { "tenantId": text(tenant.as_str()), "orderId": text(&id),
            "orderVersion": { "value": 1, "type": "Long" },
            "correlationId": text(&id), "workflowRunId": text(&id) },
    });
    if let Some(case_id) = case_id {
        task["variables"]["falloutCaseId"] = text(case_id);
    }
    task
}
