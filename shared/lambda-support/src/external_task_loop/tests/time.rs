//! When the loop ends, and how it paces its fetches; on a clock that the tests move.

use std::time::Duration;

use camunda_client::{CallKind, EngineError};
use futures_util::FutureExt;
use tokio::time::{Instant, advance};
use wiremock::ResponseTemplate;

use super::super::fetching::Fetching;
use super::super::{LoopSettings, LoopSummary, Polling, TaskOutcome, run};
use super::stub::{StubEngine, client, engine_error, hold_the_clock, in_ms, settings};

async fn done(_: camunda_client::ExternalTask) -> TaskOutcome {
    TaskOutcome::complete()
}

#[tokio::test(start_paused = true)]
async fn what_was_not_started_before_the_deadline_is_given_back() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1", "t2", "t3"]]).await;
    let settings = LoopSettings { parallel: 1, margin: Duration::from_millis(900), ..settings() };
    let deadline = in_ms(1_500);

    let summary = run(&engine.client, &settings, deadline, |_| async {
        advance(Duration::from_millis(800)).await;
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

#[tokio::test(start_paused = true)]
async fn the_summary_is_returned_before_the_deadline_even_if_a_task_never_ends() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let settings = LoopSettings { margin: Duration::from_millis(400), ..settings() };
    let deadline = in_ms(1_000);

    let summary = run(&engine.client, &settings, deadline, |_| async {
        advance(Duration::from_millis(800)).await;
        std::future::pending().await
    })
    .await
    .unwrap();

    assert!(Instant::now() < deadline);
    assert_eq!((summary.abandoned, summary.fetched), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_in_the_last_half_second_before_the_margin() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;

    let summary = run(&engine.client, &settings(), in_ms(550), done).await.unwrap();

    assert_eq!(summary.fetches, 0);
    assert!(summary.deadline_reached);
}

/// Begins the next fetch, and says when it is sent: after `pause`, and not a millisecond sooner.
async fn is_sent_after(engine: &StubEngine, fetching: &mut Fetching<'_>, pause: Duration) -> bool {
    let sent = || engine.client.calls().count(CallKind::FetchAndLock);
    let before = sent();
    fetching.begin(true);
    if !pause.is_zero() {
        advance(pause - Duration::from_millis(1)).await;
        assert!(fetching.next().now_or_never().is_none(), "it came home before it was due");
        if sent() > before {
            return false;
        }
        advance(Duration::from_millis(1)).await;
    }
    let _ = fetching.next().now_or_never();
    sent() == before + 1
}

#[tokio::test(start_paused = true)]
async fn an_exception_topic_is_asked_once_per_interval_and_never_parks_a_request() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[]).await;
    let interval = Duration::from_millis(300);
    let settings = LoopSettings { polling: Polling::Every(interval), ..settings() };
    let mut fetching = Fetching::new(&engine.client, &settings, "w1", in_ms(1_550));

    for pause in [Duration::ZERO, interval, interval, interval] {
        assert!(is_sent_after(&engine, &mut fetching, pause).await);
        assert!(fetching.next().await.is_empty());
    }
    fetching.begin(true);

    assert!(fetching.is_idle(), "at 1200 ms less than half a second is left");
    let fetches = engine.bodies("fetchAndLock").await;
    assert_eq!(fetches.len(), 4);
    assert!(fetches.iter().all(|fetch| fetch.get("asyncResponseTimeout").is_none()));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_overloaded_for_a_moment_is_asked_again_a_second_later() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    engine.answer("fetchAndLock", 1, ResponseTemplate::new(503)).await;
    let settings = settings();
    let mut fetching = Fetching::new(&engine.client, &settings, "w1", in_ms(5_000));

    fetching.begin(true);
    assert!(fetching.next().await.is_empty());
    assert!(is_sent_after(&engine, &mut fetching, Duration::from_secs(1)).await);
    assert_eq!(fetching.next().await.len(), 1);

    let mut summary = LoopSummary::default();
    fetching.finish(&mut summary).unwrap();
    assert_eq!((summary.fetches, summary.failed_fetches, summary.fetched), (2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_never_answers_is_an_error_of_the_invocation() {
    let _held = hold_the_clock();
    let nobody = client("http://127.0.0.1:9/engine-rest");

    let until_deadline = run(&nobody, &settings(), in_ms(900), done).await.unwrap_err();
    let draining = run(&nobody, &settings().draining(), in_ms(9_000), done).await.unwrap_err();

    assert!(matches!(until_deadline, EngineError::Unreachable { .. }), "{until_deadline:?}");
    assert!(matches!(draining, EngineError::Unreachable { .. }), "{draining:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_the_engine_refuses_ends_the_loop_after_the_tasks_in_hand() {
    let _held = hold_the_clock();
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
