//! When the loop ends, and how it paces its fetches.

use std::time::Duration;

use camunda_client::EngineError;
use tokio::time::{Instant, sleep_until};
use wiremock::ResponseTemplate;

use super::super::{LoopSettings, Polling, TaskOutcome, run};
use super::stub::{StubEngine, client, engine_error, in_ms, settings};

async fn done(_: camunda_client::ExternalTask) -> TaskOutcome {
    TaskOutcome::complete()
}

#[tokio::test]
async fn what_was_not_started_before_the_deadline_is_given_back() {
    let engine = StubEngine::with_tasks(&[&["t1", "t2", "t3"]]).await;
    let settings = LoopSettings { parallel: 1, margin: Duration::from_millis(900), ..settings() };
    let deadline = in_ms(1_500);

    let summary = run(&engine.client, &settings, deadline, |_| async {
        sleep_until(deadline - Duration::from_millis(700)).await;
        TaskOutcome::complete()
    })
    .await
    .unwrap();

    assert_eq!((summary.completed, summary.unlocked), (1, 2));
    assert!(summary.deadline_reached);
    for task in ["t2", "t3"] {
        assert_eq!(engine.bodies(&format!("{task}/unlock")).await.len(), 1);
        assert!(engine.bodies(&format!("{task}/complete")).await.is_empty());
    }
}

#[tokio::test]
async fn the_summary_is_returned_before_the_deadline_even_if_a_task_never_ends() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let settings = LoopSettings { margin: Duration::from_millis(400), ..settings() };
    let deadline = in_ms(1_000);

    let summary =
        run(&engine.client, &settings, deadline, |_| std::future::pending()).await.unwrap();

    assert!(Instant::now() < deadline);
    assert_eq!((summary.abandoned, summary.fetched), (1, 1));
}

#[tokio::test]
async fn nothing_is_fetched_in_the_last_half_second_before_the_margin() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;

    let summary = run(&engine.client, &settings(), in_ms(550), done).await.unwrap();

    assert_eq!(summary.fetches, 0);
    assert!(summary.deadline_reached);
}

#[tokio::test]
async fn an_exception_topic_is_asked_once_per_interval_and_never_parks_a_request() {
    let engine = StubEngine::with_tasks(&[]).await;
    let settings =
        LoopSettings { polling: Polling::Every(Duration::from_millis(300)), ..settings() };

    let summary = run(&engine.client, &settings, in_ms(1_650), done).await.unwrap();

    // At 0, 300, 600 and 900 ms; a busy machine may miss one.
    assert!((3..=4).contains(&summary.fetches), "{summary:?}");
    let fetch = engine.bodies("fetchAndLock").await.remove(0);
    assert!(fetch.get("asyncResponseTimeout").is_none());
}

#[tokio::test]
async fn an_engine_that_is_overloaded_for_a_moment_does_not_end_the_loop() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    engine.answer("fetchAndLock", 1, ResponseTemplate::new(503)).await;

    let summary = run(&engine.client, &settings(), in_ms(2_000), done).await.unwrap();

    assert_eq!((summary.failed_fetches, summary.completed), (1, 1));
}

#[tokio::test]
async fn an_engine_that_never_answers_is_an_error_of_the_invocation() {
    let nobody = client("http://127.0.0.1:9/engine-rest");

    let until_deadline = run(&nobody, &settings(), in_ms(900), done).await.unwrap_err();
    let draining = run(&nobody, &settings().draining(), in_ms(9_000), done).await.unwrap_err();

    assert!(matches!(until_deadline, EngineError::Unreachable { .. }), "{until_deadline:?}");
    assert!(matches!(draining, EngineError::Unreachable { .. }), "{draining:?}");
}

#[tokio::test]
async fn a_fetch_that_the_engine_refuses_ends_the_loop_after_the_tasks_in_hand() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let wrong = engine_error(500, Some(0), "topicName is null");

    let error = run(&engine.client, &settings(), in_ms(3_000), |_| async {
        engine.answer("fetchAndLock", 9, wrong.clone()).await;
        TaskOutcome::complete()
    })
    .await
    .unwrap_err();

    assert!(matches!(error, EngineError::BadRequest { .. }), "{error:?}");
    assert_eq!(engine.bodies("t1/complete").await.len(), 1);
}
