//! Whom faults hit, how hits are counted, what a restart keeps; and the capabilities of a system.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::time::Duration;

use external_systems::TargetSystem;
use order_domain::ids::RequestId;
use order_domain::step::answer::StepAnswer;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Stage, request, until};

const PATIENCE: Duration = Duration::from_secs(5);

/// The status of a submit under a fixed request id, which a probability is drawn from.
async fn status_of(stage: &Stage, number: u128) -> u16 {
    let mut request = request("NOTIFICATION", json!({}), None);
    request.request_id = RequestId::from_uuid(Uuid::from_u128(number));
    stage.submit(&request, PATIENCE).await.unwrap().status().as_u16()
}

async fn statuses(stage: &Stage, numbers: std::ops::Range<u128>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for number in numbers {
        statuses.push(status_of(stage, number).await);
    }
    statuses
}

#[tokio::test]
async fn a_plan_hits_as_many_requests_as_it_says_and_others_of_the_system_follow_in_their_order() {
    let stage = Stage::open().await;
    let plans =
        json!([{"kind": "UNAVAILABLE", "times": 2}, {"kind": "TOO_MANY_REQUESTS", "times": 1}]);
    stage.fault("NOTIFICATION", plans).await;

    let statuses = statuses(&stage, 1..5).await;

    assert_eq!(statuses, [503, 503, 429, 200]);
    let listing = stage.get("/admin/faults").await;
    assert_eq!(listing["hitsByKind"], json!({"UNAVAILABLE": 2, "TOO_MANY_REQUESTS": 1}));
    assert_eq!(listing["totalHits"], 3);
    stage.close().await;
}

#[tokio::test]
async fn a_plan_of_an_operation_or_a_system_leaves_the_others_alone() {
    let stage = Stage::open().await;
    stage.fault("NOTIFICATION/send-greeting", json!([{"kind": "REFUSE"}])).await;
    stage.fault("BILLING", json!([{"kind": "REFUSE"}])).await;

    assert_eq!(status_of(&stage, 1).await, 200);
    stage.fault("NOTIFICATION/send-update", json!([{"kind": "ERROR_500_BEFORE"}])).await;
    assert_eq!(status_of(&stage, 2).await, 500);
    assert_eq!(stage.hits("REFUSE").await, 0);
    stage.close().await;
}

#[tokio::test]
async fn stopping_all_faults_stops_them_and_keeps_their_hits_in_the_list() {
    let stage = Stage::open().await;
    stage.fault("NOTIFICATION", json!([{"kind": "UNAVAILABLE"}])).await;
    assert_eq!(status_of(&stage, 1).await, 503);

    let stopped = stage.client.delete(stage.url("/admin/faults")).send().await.unwrap();
    let listing: Value = stopped.json().await.unwrap();

    assert_eq!(status_of(&stage, 1).await, 200);
    assert_eq!(listing["faults"][0]["isActive"], false);
    assert_eq!(listing["faults"][0]["hits"], 1);
    assert_eq!(listing["hitsByKind"]["UNAVAILABLE"], 1);
    stage.close().await;
}

#[tokio::test]
async fn an_unusable_plan_is_refused_and_sets_nothing() {
    let stage = Stage::open().await;
    let put = async |system: &str, plans: Value| {
        let url = stage.url(&format!("/admin/systems/{system}/faults"));
        stage.client.put(url).json(&plans).send().await.unwrap().status().as_u16()
    };
    let lie = json!([{"kind": "TECHNICAL_REFUSAL", "status": 404, "on": "QUERY"}]);

    assert_eq!(put("NOTIFICATION", lie).await, 422);
    assert_eq!(put("CPQ", json!([{"kind": "TECHNICAL_REFUSAL", "status": 404}])).await, 422);
    assert_eq!(put("CPQ", json!([{"kind": "MISSING"}])).await, 422);
    assert_eq!(put("NOTIFICATION", json!([{"kind": "REFUSE", "on": "NOWHERE"}])).await, 422);
    assert_eq!(put("NOWHERE", json!([])).await, 404);
    assert_eq!(stage.get("/admin/faults").await["faults"], json!([]));
    stage.close().await;
}

#[tokio::test]
async fn chaos_with_one_seed_is_the_same_in_every_run_and_passes_on_a_later_attempt() {
    let chaos = |seed: u64| json!([{"kind": "UNAVAILABLE", "probability": 0.5, "seed": seed}]);
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let stage = Stage::open().await;
        stage.fault("NOTIFICATION", chaos(seed)).await;
        let first = statuses(&stage, 1..31).await;
        let mut second = Vec::new();
        for (number, _) in (1..).zip(&first).filter(|(_, status)| **status == 503) {
            second.push(status_of(&stage, number).await);
        }
        let unlucky = first.iter().chain(&second).filter(|status| **status == 503).count();
        assert_eq!(stage.hits("UNAVAILABLE").await, unlucky as u64);
        runs.push((first, second));
        stage.close().await;
    }

    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    assert!(runs[0].0.contains(&200) && runs[0].0.contains(&503));
    assert!(runs[0].1.contains(&200), "another attempt is another draw");
}

#[tokio::test]
async fn a_restart_keeps_plans_hits_and_attempts() {
    let chaos = json!([{"kind": "UNAVAILABLE", "probability": 0.5, "seed": 3, "times": 6}]);
    let mut runs = Vec::new();
    for is_restarted in [false, true] {
        let mut stage = Stage::open().await;
        stage.fault("NOTIFICATION", chaos.clone()).await;
        let mut run = statuses(&stage, 1..11).await;
        let hits = stage.hits("UNAVAILABLE").await;
        if is_restarted {
            stage.restart().await;
        }
        assert_eq!(stage.hits("UNAVAILABLE").await, hits);
        run.extend(statuses(&stage, 1..11).await);
        run.extend(statuses(&stage, 1..11).await);
        assert_eq!(stage.hits("UNAVAILABLE").await, 6);
        runs.push(run);
        stage.close().await;
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_callback_fault_that_was_decided_survives_a_restart_and_is_not_counted_again() {
    let mut stage = Stage::open().await;
    stage.callbacks.refuse(usize::MAX);
    stage.fault("INVENTORY", json!([{"kind": "DUPLICATED", "copies": 1, "times": 1}])).await;
    let request = request("INVENTORY", json!({}), Some(stage.callbacks.url.clone()));
    let _accepted = stage.target("INVENTORY").submit(&request, None).await;
    stage.callbacks.next().await;

    stage.restart().await;
    stage.callbacks.refuse(0);
    let twice = [stage.callbacks.accepted().await, stage.callbacks.accepted().await];

    assert_eq!(twice, [request.request_id.to_string(), request.request_id.to_string()]);
    assert_eq!(stage.hits("DUPLICATED").await, 1);
    stage.close().await;
}

#[tokio::test]
async fn a_system_that_cannot_be_queried_answers_405() {
    let stage = Stage::open().await;
    stage.behave("NOTIFICATION", json!({"canBeQueried": false})).await;
    let request = request("NOTIFICATION", json!({}), None);
    let target = stage.target("NOTIFICATION");
    let _completed = target.submit(&request, None).await;

    let asked = target.query(request.request_id, None).await;

    assert_eq!(asked.attempts[0].http_status, Some(405));
    assert!(matches!(asked.answer, StepAnswer::CannotTell { .. }), "{:?}", asked.answer);
    stage.close().await;
}

#[tokio::test]
async fn a_system_that_does_not_recognise_request_ids_has_an_effect_per_submit() {
    let stage = Stage::open().await;
    stage.behave("NOTIFICATION", json!({"honoursRequestIds": false, "latencyMs": 30})).await;
    let request = request("NOTIFICATION", json!({}), None);
    let target = stage.target("NOTIFICATION");

    let (a, b) = tokio::join!(target.submit(&request, None), target.submit(&request, None));
    let c = target.submit(&request, None).await;

    let statuses = [a, b, c].map(|exchange| exchange.attempts[0].http_status);
    assert_eq!(statuses, [Some(200); 3]);
    assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 3)]);
    let ledger = stage.get("/admin/ledger").await;
    assert_eq!((&ledger["totalEffects"], &ledger["duplicateEffects"]), (&json!(3), &json!(2)));
    stage.close().await;
}

#[tokio::test]
async fn an_effect_that_is_still_owed_to_a_second_submit_comes_after_a_restart() {
    let mut stage = Stage::open().await;
    let settings = json!({"honoursRequestIds": false, "mode": "POLL", "latencyMs": 300});
    stage.behave("WORKFORCE", settings).await;
    let request = request("WORKFORCE", json!({}), None);
    let target = stage.target("WORKFORCE");
    let _accepted = target.submit(&request, None).await;
    let _accepted = target.submit(&request, None).await;

    stage.restart().await;

    until("both effects are there", async || {
        let counts = stage.ledger_counts().await;
        (counts == [(request.request_id.to_string(), 2)]).then_some(())
    })
    .await;
    stage.close().await;
}

#[tokio::test]
async fn an_effect_of_a_second_submit_that_a_crash_cut_off_comes_after_the_restart() {
    let mut stage = Stage::open().await;
    stage.behave("NOTIFICATION", json!({"honoursRequestIds": false})).await;
    let request = request("NOTIFICATION", json!({}), None);
    let target = stage.target("NOTIFICATION");
    let _completed = target.submit(&request, None).await;
    let _completed = target.submit(&request, None).await;

    let cut_off_the_last_line = |journal: &mut Vec<u8>| {
        journal.pop();
        let end = journal.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        let last = String::from_utf8(journal.split_off(end)).unwrap();
        assert!(last.contains("\"EFFECT\""), "{last}");
    };
    stage.restart_after(cut_off_the_last_line).await;

    until("the effect is there again", async || {
        let counts = stage.ledger_counts().await;
        (counts == [(request.request_id.to_string(), 2)]).then_some(())
    })
    .await;
    stage.close().await;
}
