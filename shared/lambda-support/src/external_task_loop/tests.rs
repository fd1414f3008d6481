//! The loop against a stub engine: what a healthy engine does not do, and when it is done.

mod locks;
mod reports;
mod stop;
mod stub;
mod time;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use camunda_client::CallKind;

pub(super) use self::stub::task;
use self::stub::{StubEngine, in_ms, settings};
use super::*;

#[tokio::test]
async fn each_task_is_reported_as_its_outcome_says_and_counted_once() {
    let engine = StubEngine::with_tasks(&[&["t1", "t2", "t3"], &["t4"]]).await;

    let summary = run(&engine.client, &settings().draining(), in_ms(5_000), |task| async move {
        match task.id.as_str() {
            "t2" => TaskOutcome::BpmnError {
                code: "ORDER_NOT_DECOMPOSABLE".to_owned(),
                message: "no rule".to_owned(),
                variables: camunda_client::Variables::none().with("falloutCaseId", "c1"),
            },
            "t3" => TaskOutcome::wait(&task, "waiting for inventory", Duration::from_secs(60)),
            _ => TaskOutcome::complete(),
        }
    })
    .await
    .unwrap();

    assert_eq!(
        summary,
        LoopSummary {
            fetches: 3,
            fetched: 4,
            completed: 2,
            bpmn_errors: 1,
            failures: 1,
            ..LoopSummary::default()
        }
    );
    let bpmn_error = engine.body_of("t2", "bpmnError").await;
    assert_eq!(bpmn_error["errorCode"], "ORDER_NOT_DECOMPOSABLE");
    assert_eq!(bpmn_error["variables"]["falloutCaseId"]["value"], "c1");
    let failure = engine.body_of("t3", "failure").await;
    assert_eq!((&failure["retries"], &failure["retryTimeout"]), (&5.into(), &60_000.into()));
}

#[tokio::test]
async fn every_invocation_has_a_worker_id_of_its_own_and_uses_it_for_all_calls() {
    let engine = StubEngine::with_tasks(&[&["t1"], &[], &["t2"]]).await;

    for _ in 0..2 {
        let done = |_| async { TaskOutcome::complete() };
        run(&engine.client, &settings().draining(), in_ms(5_000), done).await.unwrap();
    }

    let first = engine.body_of("t1", "complete").await["workerId"].clone();
    let second = engine.body_of("t2", "complete").await["workerId"].clone();
    assert!(first.as_str().unwrap().starts_with("order-decompose:"));
    assert_ne!(first, second);
    let fetches = engine.bodies("fetchAndLock").await;
    let ids: Vec<_> = fetches.iter().map(|body| body["workerId"].clone()).collect();
    assert_eq!(ids, [&first, &first, &second, &second].map(Clone::clone));
}

#[tokio::test]
async fn a_fetch_asks_for_the_topic_its_variables_and_a_lock_oldest_first() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let settings = settings().with_variable("falloutCaseId");

    let done = |_| async { TaskOutcome::complete() };
    run(&engine.client, &settings, in_ms(1_000), done).await.unwrap();

    let fetch = engine.bodies("fetchAndLock").await.remove(0);
    assert_eq!(fetch["maxTasks"], 100);
    assert_eq!(fetch["sorting"][0]["sortBy"], "createTime");
    assert_eq!(fetch["topics"][0]["topicName"], "order.decompose");
    assert_eq!(fetch["topics"][0]["lockDuration"], 30_000);
    assert_eq!(fetch["topics"][0]["variables"][5], "falloutCaseId");
    let poll = fetch["asyncResponseTimeout"].as_u64().unwrap();
    assert!((500..=900).contains(&poll), "bounded by the rest of the window, was {poll}");
}

#[tokio::test]
async fn no_more_tasks_are_in_hand_than_the_settings_allow() {
    let ids: Vec<String> = (0..12).map(|number| format!("t{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let engine = StubEngine::with_tasks(&[&ids]).await;
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));

    let summary = run(&engine.client, &settings().draining(), in_ms(5_000), |_| async {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await.ok();
        now.fetch_sub(1, Ordering::SeqCst);
        TaskOutcome::complete()
    })
    .await
    .unwrap();

    assert_eq!(summary.completed, 12);
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_panic_costs_one_retry_of_one_task() {
    let engine = StubEngine::with_tasks(&[&["t1", "t2"]]).await;

    let summary = run(&engine.client, &settings().draining(), in_ms(5_000), |task| {
        assert!(task.id != "t1", "a bug outside the future");
        async move { TaskOutcome::complete() }
    })
    .await
    .unwrap();

    assert_eq!((summary.failures, summary.completed), (1, 1));
    let failure = engine.body_of("t1", "failure").await;
    assert_eq!(failure["retries"], 4);
    assert_eq!(failure["errorMessage"], "the function panicked");
    assert!(failure["retryTimeout"].as_u64().unwrap() <= 2_000);
}

#[tokio::test]
async fn the_next_batch_is_fetched_while_the_last_tasks_are_still_in_hand() {
    let engine = StubEngine::with_tasks(&[&["t1"], &["t2"]]).await;
    let second_was_seen = tokio::sync::Notify::new();

    let summary = run(&engine.client, &settings(), in_ms(1_000), |task| {
        let second_was_seen = &second_was_seen;
        async move {
            match task.id.as_str() {
                "t1" => second_was_seen.notified().await,
                _ => second_was_seen.notify_one(),
            }
            TaskOutcome::complete()
        }
    })
    .await
    .unwrap();

    assert_eq!(summary.completed, 2);
    assert!(summary.deadline_reached);
}

#[tokio::test]
async fn the_loop_itself_costs_one_call_per_task_besides_the_fetches() {
    let engine = StubEngine::with_tasks(&[&["t1", "t2", "t3"]]).await;

    let done = |_| async { TaskOutcome::complete() };
    run(&engine.client, &settings().draining(), in_ms(5_000), done).await.unwrap();

    let calls = engine.client.calls();
    assert_eq!(calls.count(CallKind::CompleteTask), 3);
    assert_eq!(calls.total_without_fetches(), 3);
}

/// The Lambda runtime may move an invocation between threads.
#[test]
fn the_loop_can_move_between_threads() {
    fn assert_send<T: Send>(_: impl FnOnce(EngineClient, LoopSettings) -> T) {}

    assert_send(|engine, settings| async move {
        let name = String::from("borrowed by the handler");
        let handler = |task: ExternalTask| async {
            let _held = (task, &name);
            TaskOutcome::complete()
        };
        run(&engine, &settings, in_ms(0), handler).await
    });
}
