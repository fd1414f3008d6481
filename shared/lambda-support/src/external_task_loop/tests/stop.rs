//! What a loop does when the process is told to stop: everything goes back to the engine at once.

use std::future::pending;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep_until};
use wiremock::matchers::path;
use wiremock::{Mock, Request, Respond, ResponseTemplate};

use super::super::{LoopEnd, LoopSettings, TaskOutcome, run};
use super::stub::{StubEngine, in_ms, settings};
use crate::termination::{TIME_TO_STOP, Termination};

fn end(termination: &Termination) -> LoopEnd {
    LoopEnd::from(in_ms(60_000)).or_when(termination.signal())
}

#[tokio::test]
async fn a_loop_that_is_told_to_stop_gives_its_tasks_back() {
    let engine = StubEngine::with_tasks(&[&["t1", "t2", "t3"]]).await;
    let settings = LoopSettings { parallel: 1, ..settings() };
    let termination = Termination::new();

    let summary = run(&engine.client, &settings, end(&termination), |_| {
        termination.tell();
        pending()
    })
    .await
    .unwrap();

    let told_at = termination.signal().told().await;
    assert!(told_at.elapsed() < TIME_TO_STOP, "{:?}", told_at.elapsed());
    assert_eq!((summary.unlocked, summary.abandoned, summary.fetches), (3, 0, 1));
    assert!(summary.was_told_to_stop);
    for task in ["t1", "t2", "t3"] {
        assert_eq!(engine.bodies(&format!("{task}/unlock")).await.len(), 1, "{task}");
    }
}

#[tokio::test]
async fn a_task_that_ends_soon_after_the_stop_is_reported_and_not_given_back() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let termination = Termination::new();

    let summary = run(&engine.client, &settings(), end(&termination), |_| async {
        termination.tell();
        sleep_until(Instant::now() + Duration::from_millis(40)).await;
        TaskOutcome::complete()
    })
    .await
    .unwrap();

    assert_eq!((summary.completed, summary.unlocked), (1, 0));
    assert!(engine.bodies("t1/unlock").await.is_empty());
}

/// Tells to stop while the request is under way, and then hands out a task.
struct TaskAfterStop(Termination);

impl Respond for TaskAfterStop {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.0.tell();
        let task = json!([{ "id": "t1", "topicName": "order.decompose", "retries": null,
            "processInstanceId": "p1", "activityId": "DecomposeOrder",
            "activityInstanceId": "DecomposeOrder:t1", "variables": {} }]);
        ResponseTemplate::new(200).set_body_json(task).set_delay(Duration::from_millis(30))
    }
}

#[tokio::test]
async fn a_task_that_arrives_after_the_stop_is_given_back_unstarted() {
    let engine = StubEngine::with_tasks(&[]).await;
    let termination = Termination::new();
    Mock::given(path("/engine-rest/external-task/fetchAndLock"))
        .respond_with(TaskAfterStop(termination.clone()))
        .with_priority(1)
        .mount(&engine.server)
        .await;

    let summary = run(&engine.client, &settings(), end(&termination), |_| async {
        panic!("nothing is started any more")
    })
    .await
    .unwrap();

    assert_eq!((summary.fetched, summary.unlocked, summary.failures), (1, 1, 0));
    assert_eq!(engine.bodies("t1/unlock").await.len(), 1);
}

#[tokio::test]
async fn an_engine_that_does_not_answer_holds_a_stop_up_no_longer_than_the_platform_waits() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let late = ResponseTemplate::new(204).set_delay(Duration::from_secs(5));
    engine.answer("t1/unlock", 1, late).await;
    let termination = Termination::new();

    let summary = run(&engine.client, &settings(), end(&termination), |_| {
        termination.tell();
        pending()
    })
    .await
    .unwrap();

    let told_at = termination.signal().told().await;
    assert!(Instant::now() < told_at + TIME_TO_STOP);
    assert_eq!((summary.unlocked, summary.abandoned), (0, 1));
}
