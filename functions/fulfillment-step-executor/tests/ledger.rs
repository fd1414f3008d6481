//! The effects that the simulator counts, when the same message meets two executors at once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use fulfillment_step_executor::{Deps, handler};
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use lambda_support::sqs_batch::QueueMessage;
use serde_json::{Value, json};
use simulator::{Options, Simulator};
use test_support::stage::Stage;

async fn deps(stage: &Stage) -> Deps {
    let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
    let secrets = SecretsClient::new(endpoint).unwrap();
    let store = stage.db.store("oms_fulfillment_step_executor").await;
    Deps::new(store, secrets, "http://127.0.0.1:9".parse().unwrap()).unwrap()
}

#[tokio::test]
async fn two_executors_with_the_same_messages_have_one_effect_per_step() {
    let stage = Stage::released(5).await;
    let folder = std::env::temp_dir().join(format!("executor-{}", uuid::Uuid::now_v7()));
    let simulator = Simulator::start(Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        state_dir: folder.clone(),
        secrets_file: folder.join("secrets.json"),
        callbacks_in_flight: simulator::CALLBACKS_IN_FLIGHT,
    })
    .await
    .unwrap();
    let http = lambda_support::http::client(Duration::from_secs(5)).unwrap();
    let behaviour = format!("{}/admin/systems/LOGISTICS/behaviour", simulator.base_url());
    let sync = json!({"mode": "SYNC", "latencyMs": 20});
    assert!(http.put(behaviour).json(&sync).send().await.unwrap().status().is_success());
    stage.configure("LOGISTICS", &simulator.base_url(), json!({})).await;
    let messages: Vec<QueueMessage> = stage
        .ready_steps()
        .await
        .into_iter()
        .map(|step| {
            let body = json!({ "tenantId": stage.tenant, "orderId": stage.order_id,
                "fulfillmentStepId": step, "correlationId": stage.order_id.as_uuid() });
            let (message_id, body) = (step.to_string(), body.to_string());
            QueueMessage { message_id, body, receive_count: 1, trace_parent: None }
        })
        .collect();
    let (one, other) = (deps(&stage).await, deps(&stage).await);
    let deadline = Deadline::after(Duration::from_secs(30));

    let ((first, _), (second, _)) = tokio::join!(
        handler::execute(&one, "one", &messages, deadline),
        handler::execute(&other, "other", &messages, deadline)
    );

    assert_eq!(first.begun + second.begun, 5);
    assert_eq!(stage.shipping().await, ["COMPLETED"; 5]);
    let ledger = http.get(format!("{}/admin/ledger", simulator.base_url())).send().await.unwrap();
    let ledger: Value = ledger.json().await.unwrap();
    assert_eq!((&ledger["totalEffects"], &ledger["duplicateEffects"]), (&json!(5), &json!(0)));
    simulator.stop().await;
    std::fs::remove_dir_all(&folder).unwrap();
    stage.db.finish().await;
}
