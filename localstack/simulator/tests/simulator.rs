//! The simulator from outside: over HTTP, and through the adapter that the product uses.

mod answer_faults;
mod callback_faults;
mod fault_plans;
mod stage;

use external_systems::callback;
use external_systems::source::{SourceAnswer, SourceSystems, SourceSystemsSettings};
use external_systems::{ExchangeKind, TargetSystem};
use order_domain::step::answer::StepAnswer;
use serde_json::{Value, json};
use std::time::Duration;

use stage::{SECRET, Stage, quote, request, until};

#[tokio::test]
async fn a_synchronous_submit_is_completed_with_reference_and_result() {
    let stage = Stage::open().await;
    let request = request("NOTIFICATION", json!({}), None);

    let exchange = stage.target("NOTIFICATION").submit(&request, None).await;

    let StepAnswer::Completed { external_reference, result } = exchange.answer else {
        panic!("{:?}", exchange.answer)
    };
    assert!(external_reference.is_some_and(|reference| reference.starts_with("NTF-")));
    assert_eq!(result["operation"].to_string(), "send-update");
    assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 1)]);
    stage.close().await;
}

#[tokio::test]
async fn a_second_submit_of_a_request_is_a_conflict_without_effect() {
    let stage = Stage::open().await;
    let request = request("NOTIFICATION", json!({}), None);
    let target = stage.target("NOTIFICATION");

    let first = target.submit(&request, None).await;
    let second = target.submit(&request, None).await;

    assert_eq!(second.answer, first.answer, "the adapter queries and adopts");
    let calls: Vec<_> = second.attempts.iter().map(|a| (a.kind, a.http_status)).collect();
    assert_eq!(calls, [(ExchangeKind::Submit, Some(409)), (ExchangeKind::Query, Some(200))]);
    assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 1)]);
    stage.close().await;
}

#[tokio::test]
async fn submits_at_the_same_time_have_one_effect() {
    let stage = Stage::open().await;
    let request = request("NOTIFICATION", json!({}), None);
    let target = stage.target("NOTIFICATION");
    stage.behave("NOTIFICATION", json!({"latencyMs": 50})).await;

    let (a, b, c) = tokio::join!(
        target.submit(&request, None),
        target.submit(&request, None),
        target.submit(&request, None)
    );

    let conflicts = [a, b, c].iter().filter(|e| e.attempts[0].http_status == Some(409)).count();
    assert_eq!(conflicts, 2);
    assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 1)]);
    stage.close().await;
}

#[tokio::test]
async fn a_request_that_was_never_submitted_is_absent() {
    let stage = Stage::open().await;
    let request = request("INVENTORY", json!({}), None);

    let exchange = stage.target("INVENTORY").query(request.request_id, None).await;

    assert_eq!(exchange.answer, StepAnswer::Absent);
    stage.close().await;
}

#[tokio::test]
async fn a_callback_is_signed_and_can_be_verified() {
    let stage = Stage::open().await;
    let request = request("INVENTORY", json!({}), Some(stage.callbacks.url.clone()));

    let exchange = stage.target("INVENTORY").submit(&request, None).await;
    let (headers, body) = stage.callbacks.next().await;

    let StepAnswer::Accepted { external_reference } = exchange.answer else {
        panic!("{:?}", exchange.answer)
    };
    let secrets = serde_json::from_value(json!({"current": SECRET})).unwrap();
    assert!(callback::verify(&headers, &body, &secrets, jiff::Timestamp::now()).is_ok());
    let report = callback::parse_report("application/json", &body).unwrap();
    assert_eq!(report.request_id, request.request_id);
    assert_eq!(report.external_reference, external_reference);
    assert!(matches!(report.answer, StepAnswer::Completed { .. }));
    stage.close().await;
}

#[tokio::test]
async fn a_callback_is_repeated_until_it_is_accepted() {
    let stage = Stage::open().await;
    stage.callbacks.refuse(2);
    let request = request("BILLING", json!({}), Some(stage.callbacks.url.clone()));

    let _accepted = stage.target("BILLING").submit(&request, None).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(stage.callbacks.next().await.0[callback::ID_HEADER].clone());
    }

    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let is_accepted =
        async || stage.requests().await[0]["callback"]["acceptedAt"].is_string().then_some(());
    until("the callback counts as accepted", is_accepted).await;
    stage.close().await;
}

#[tokio::test]
async fn only_so_many_callbacks_are_on_their_way_and_the_others_follow() {
    let stage = Stage::open().await;
    let most = simulator::CALLBACKS_IN_FLIGHT.get();
    stage.callbacks.hold_answers();
    let inventory = stage.target("INVENTORY");
    let requests: Vec<_> = (0..most * 3)
        .map(|_| request("INVENTORY", json!({}), Some(stage.callbacks.url.clone())))
        .collect();
    for request in &requests {
        assert!(matches!(
            inventory.submit(request, None).await.answer,
            StepAnswer::Accepted { .. }
        ));
    }
    // Every callback is due, and nobody was answered.
    let is_done = |x: &Value| x["status"] == "COMPLETED";
    let all_done = async || stage.requests().await.iter().all(is_done).then_some(());
    until("all work is done", all_done).await;

    let mut reported = Vec::new();
    for _ in &requests {
        reported.push(stage.callbacks.accepted().await);
        stage.callbacks.answer();
    }

    assert_eq!(stage.callbacks.most_at_once(), most);
    let mut expected: Vec<String> = requests.iter().map(|x| x.request_id.to_string()).collect();
    reported.sort_unstable();
    expected.sort_unstable();
    assert_eq!(reported, expected);
    stage.close().await;
}

#[tokio::test]
async fn a_polled_request_goes_through_its_statuses() {
    let stage = Stage::open().await;
    stage.behave("WORKFORCE", json!({"mode": "POLL", "latencyMs": 300})).await;
    let request = request("WORKFORCE", json!({}), Some(stage.callbacks.url.clone()));
    let target = stage.target("WORKFORCE");

    let accepted = target.submit(&request, None).await.answer;
    let status = async || stage.requests().await[0]["status"].as_str().map(str::to_owned);
    let mut statuses = vec![status().await.unwrap()];
    until("the work is completed", async || {
        let status = status().await.unwrap();
        if statuses.last() != Some(&status) {
            statuses.push(status.clone());
        }
        (status == "COMPLETED").then_some(())
    })
    .await;

    assert!(matches!(accepted, StepAnswer::Accepted { .. }));
    assert_eq!(statuses, ["ACCEPTED", "IN_PROGRESS", "COMPLETED"]);
    let polled = target.query(request.request_id, None).await.answer;
    assert!(matches!(polled, StepAnswer::Completed { .. }));
    assert_eq!(stage.requests().await[0]["callback"]["attempts"], 0);
    stage.close().await;
}

#[tokio::test]
async fn a_rejection_by_behaviour_or_by_payload_has_no_effect() {
    let stage = Stage::open().await;
    let rejecting = json!({"outcome": "REJECTED", "reasonCode": "CREDIT_CHECK_FAILED"});
    stage.behave("NOTIFICATION/send-update", rejecting).await;
    let by_behaviour = request("NOTIFICATION", json!({}), None);
    let marked = json!({"characteristics": {"simulateRejection": "INVENTORY_NOT_AVAILABLE"}});
    let by_payload = request("INVENTORY", marked, Some(stage.callbacks.url.clone()));

    let refused = stage.target("NOTIFICATION").submit(&by_behaviour, None).await.answer;
    let _accepted = stage.target("INVENTORY").submit(&by_payload, None).await;
    let report = callback::parse_report("application/json", &stage.callbacks.next().await.1);

    let StepAnswer::Rejected { code, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(code, "CREDIT_CHECK_FAILED");
    let answer = report.unwrap().answer;
    let StepAnswer::Rejected { code, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(code, "INVENTORY_NOT_AVAILABLE");
    assert!(stage.ledger_counts().await.is_empty());
    stage.close().await;
}

#[tokio::test]
async fn a_behaviour_can_be_reset() {
    let stage = Stage::open().await;
    stage.behave("LOGISTICS", json!({"mode": "POLL", "latencyMs": 1})).await;
    let url = stage.url("/admin/systems/LOGISTICS/behaviour");

    let set: Value = stage.client.get(&url).send().await.unwrap().json().await.unwrap();
    stage.client.delete(&url).send().await.unwrap();
    let reset: Value = stage.client.get(&url).send().await.unwrap().json().await.unwrap();

    assert_eq!((&set["mode"], &set["latencyMs"]), (&json!("POLL"), &json!(1)));
    assert_eq!((&reset["mode"], &reset["latencyMs"]), (&json!("ASYNC"), &json!(20)));
    stage.close().await;
}

#[tokio::test]
async fn work_that_is_not_done_can_be_cancelled_and_has_no_effect() {
    let stage = Stage::open().await;
    stage.behave("LOGISTICS", json!({"mode": "POLL", "latencyMs": 60_000})).await;
    let pending = request("LOGISTICS", json!({}), None);
    let target = stage.target("LOGISTICS");
    let _accepted = target.submit(&pending, None).await;
    let done = request("NOTIFICATION", json!({}), None);
    let _completed = stage.target("NOTIFICATION").submit(&done, None).await;

    let cancelled = target.cancel(pending.request_id, None).await.answer;
    let again = target.cancel(pending.request_id, None).await.answer;
    let too_late = stage.target("NOTIFICATION").cancel(done.request_id, None).await.answer;

    assert!(matches!(cancelled, StepAnswer::Completed { .. }), "{cancelled:?}");
    assert!(matches!(again, StepAnswer::Completed { .. }), "{again:?}");
    assert!(matches!(too_late, StepAnswer::Rejected { code, .. } if code == "ALREADY_COMPLETED"));
    assert_eq!(stage.ledger_counts().await, [(done.request_id.to_string(), 1)]);
    stage.close().await;
}

#[tokio::test]
async fn a_restart_keeps_ledger_settings_and_sources() {
    let mut stage = Stage::open().await;
    let request = request("NOTIFICATION", json!({}), None);
    let _completed = stage.target("NOTIFICATION").submit(&request, None).await;
    stage.put("/admin/quotes", &quote()).await;
    stage.put("/admin/customers/C-2", &Value::Null).await;
    stage.behave("BILLING", json!({"latencyMs": 777})).await;

    stage.restart().await;

    assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 1)]);
    let again = stage.target("NOTIFICATION").submit(&request, None).await;
    assert_eq!(again.attempts[0].http_status, Some(409));
    let sources = stage.sources();
    assert!(matches!(sources.quote("Q-1", 1).await, SourceAnswer::Found(_)));
    assert_eq!(sources.customer("C-2").await, SourceAnswer::NotFound);
    let billing = stage.get("/admin/systems/BILLING/behaviour").await;
    assert_eq!(billing["latencyMs"], 777);
    stage.close().await;
}

#[tokio::test]
async fn work_in_flight_is_resumed_after_a_restart() {
    let mut stage = Stage::open().await;
    stage.behave("INVENTORY", json!({"latencyMs": 400})).await;
    stage.callbacks.refuse(usize::MAX);
    let callback_url = Some(stage.callbacks.url.clone());
    let unreported = request("BILLING", json!({}), callback_url.clone());
    let unsettled = request("INVENTORY", json!({}), callback_url);
    let _accepted = stage.target("BILLING").submit(&unreported, None).await;
    stage.callbacks.next().await;
    let _accepted = stage.target("INVENTORY").submit(&unsettled, None).await;

    stage.restart().await;
    stage.callbacks.refuse(0);
    let mut reported = [stage.callbacks.accepted().await, stage.callbacks.accepted().await];

    reported.sort();
    let mut expected = [unreported.request_id.to_string(), unsettled.request_id.to_string()];
    expected.sort();
    assert_eq!(reported, expected);
    assert_eq!(stage.ledger_counts().await.len(), 2);
    stage.close().await;
}

#[tokio::test]
async fn a_line_that_a_crash_cut_off_is_dropped() {
    let mut stage = Stage::open().await;
    let request = request("NOTIFICATION", json!({}), None);
    let _completed = stage.target("NOTIFICATION").submit(&request, None).await;

    stage.restart_after(|journal| journal.extend_from_slice(br#"{"record":"EFF"#)).await;
    let second = stage::request("NOTIFICATION", json!({}), None);
    let _completed = stage.target("NOTIFICATION").submit(&second, None).await;
    stage.restart().await;

    assert_eq!(stage.ledger_counts().await.len(), 2);
    stage.close().await;
}

#[tokio::test]
async fn two_simulators_do_not_share_a_state_folder() {
    let stage = Stage::open().await;

    let second = stage.start_another().await;

    assert!(second.unwrap_err().to_string().contains("another simulator"));
    stage.close().await;
}

#[tokio::test]
async fn malformed_submits_and_unknown_systems_are_refused() {
    let stage = Stage::open().await;
    let body = serde_json::to_value(request("INVENTORY", json!({}), None)).unwrap();
    let key = format!("\"{}\"", body["requestId"].as_str().unwrap());
    let mut with_surprise = body.clone();
    with_surprise["surprise"] = json!(1);

    for (system, key, body, expected) in [
        ("INVENTORY", "unquoted", &body, 400),
        ("INVENTORY", key.as_str(), &with_surprise, 400),
        ("INVENTORY", key.as_str(), &json!({}), 400),
        ("CPQ", key.as_str(), &body, 404),
        ("NOWHERE", key.as_str(), &body, 404),
    ] {
        let post = stage.client.post(stage.url(&format!("/{system}/requests")));
        let response = post.header("idempotency-key", key).json(body).send().await.unwrap();
        assert_eq!(response.status(), expected, "{system} {body}");
    }
    assert!(stage.requests().await.is_empty());
    stage.close().await;
}

#[tokio::test]
async fn sources_answer_and_can_be_slow() {
    let stage = Stage::open().await;
    stage.put("/admin/quotes", &quote()).await;
    stage.put("/admin/billing-accounts/BA-2", &json!({"status": "SUSPENDED"})).await;
    let sources = stage.sources();

    assert!(matches!(sources.quote("Q-1", 1).await, SourceAnswer::Found(_)));
    assert!(matches!(sources.quote("Q-1", 2).await, SourceAnswer::NotFound));
    assert!(matches!(sources.customer("anybody").await, SourceAnswer::Found(_)));
    assert!(matches!(sources.billing_account("BA-2").await, SourceAnswer::Found(_)));
    stage.behave("CPQ", json!({"latencyMs": 60_000})).await;
    let impatient = SourceSystemsSettings {
        request_timeout: Duration::from_millis(200),
        ..stage.source_settings()
    };
    let impatient = SourceSystems::new(stage.client.clone(), &impatient).unwrap();
    assert!(matches!(impatient.quote("Q-1", 1).await, SourceAnswer::Unavailable { .. }));
    stage.close().await;
}

#[tokio::test]
async fn a_malformed_quote_is_put_in_only_on_request() {
    let stage = Stage::open().await;
    let mut broken = quote();
    broken["items"] = json!([]);

    let put = async |path: &str| {
        stage.client.put(stage.url(path)).json(&broken).send().await.unwrap().status()
    };

    assert_eq!(put("/admin/quotes").await, 422);
    assert_eq!(put("/admin/quotes?unchecked=true").await, 204);
    assert!(matches!(stage.sources().quote("Q-1", 1).await, SourceAnswer::Unavailable { .. }));
    stage.close().await;
}

#[tokio::test]
async fn secrets_are_served_and_read_again() {
    let stage = Stage::open().await;

    let served = stage.get("/secretsmanager/get?secretId=oms%2Fwebhook%2Facme%2FINVENTORY").await;
    stage.write_secrets(&json!({"oms/cursor": {"current": "new"}}));
    let rotated = stage.get("/secretsmanager/get?secretId=oms/cursor").await;
    let missing = stage.client.get(stage.url("/secretsmanager/get?secretId=x")).send().await;

    let secret: Value = serde_json::from_str(served["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(secret["current"], SECRET);
    assert_eq!(rotated["SecretString"], r#"{"current":"new"}"#);
    assert_eq!(missing.unwrap().status(), 400);
    stage.close().await;
}

#[tokio::test]
async fn the_ledger_can_be_asked_about_one_order() {
    let stage = Stage::open().await;
    let one = request("NOTIFICATION", json!({}), None);
    let other = request("NOTIFICATION", json!({}), None);
    for request in [&one, &other] {
        let _completed = stage.target("NOTIFICATION").submit(request, None).await;
    }

    let all = stage.get("/admin/ledger").await;
    let of_one = stage.get(&format!("/admin/ledger?tenantId=acme&orderId={}", one.order_id)).await;

    assert_eq!(all["totalEffects"], 2);
    assert_eq!((&all["duplicateEffects"], &all["duplicateStepEffects"]), (&json!(0), &json!(0)));
    assert_eq!(of_one["effects"][0]["requestId"], one.request_id.to_string());
    assert_eq!(of_one["totalEffects"], 1);
    stage.close().await;
}
