//! What each answer to a report means for the task.

use camunda_client::Variables;

use super::super::{LoopSummary, TaskOutcome, run};
use super::stub::{StubEngine, engine_error, in_ms, settings};

async fn complete_all(engine: &StubEngine) -> LoopSummary {
    let done = |_| async { TaskOutcome::complete() };
    run(&engine.client, &settings().draining(), in_ms(8_000), done).await.unwrap()
}

const UNCAUGHT: &str = "ENGINE-13033 Propagation of bpmn error NOPE failed. ";

#[tokio::test]
async fn a_lost_race_is_repeated_until_the_report_is_in() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let lost = engine_error(500, Some(1), "ENGINE-03005 Execution of 'DELETE' failed");
    engine.answer("t1/complete", 2, lost).await;

    let summary = complete_all(&engine).await;

    assert_eq!(summary.completed, 1);
    assert_eq!(engine.bodies("t1/complete").await.len(), 3);
}

#[tokio::test]
async fn a_race_lost_six_times_leaves_the_task_to_its_lock() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let lost = engine_error(500, Some(1), "ENGINE-03005 Execution of 'DELETE' failed");
    engine.answer("t1/complete", 9, lost).await;

    let summary = complete_all(&engine).await;

    assert_eq!(summary.unreported, 1);
    assert_eq!(engine.bodies("t1/complete").await.len(), 6);
}

#[tokio::test]
async fn a_report_whose_answer_was_lost_is_repeated_once_and_may_find_the_task_gone() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    engine.cut_off("t1/complete").await;
    let gone = engine_error(404, Some(0), "External task with id t1 does not exist");
    engine.answer("t1/complete", 1, gone).await;

    let summary = complete_all(&engine).await;

    assert_eq!((summary.gone, summary.completed), (1, 0));
    assert_eq!(engine.bodies("t1/complete").await.len(), 2);
}

#[tokio::test]
async fn a_task_that_was_taken_away_is_counted_and_never_reported_as_a_failure() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let gone = engine_error(404, Some(0), "External task with id t1 does not exist");
    engine.answer("t1/complete", 1, gone).await;

    let summary = complete_all(&engine).await;

    assert_eq!(summary.gone, 1);
    assert!(engine.bodies("t1/failure").await.is_empty());
}

#[tokio::test]
async fn a_task_of_another_worker_is_counted_as_a_lost_lock_and_left_alone() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let message = "cannot be completed by worker 'w2'. It is locked by worker 'w1'.";
    engine.answer("t1/complete", 1, engine_error(400, Some(0), message)).await;

    let summary = complete_all(&engine).await;

    assert_eq!(summary.locks_lost, 1);
    assert_eq!(engine.bodies("t1/complete").await.len(), 1);
}

#[tokio::test]
async fn a_bpmn_error_that_the_model_does_not_catch_becomes_an_incident() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    engine.answer("t1/bpmnError", 1, engine_error(500, Some(0), UNCAUGHT)).await;

    let summary = run(&engine.client, &settings().draining(), in_ms(5_000), |_| async {
        let (code, message) = ("NOPE".to_owned(), String::new());
        TaskOutcome::BpmnError { code, message, variables: Variables::none() }
    })
    .await
    .unwrap();

    assert_eq!((summary.failures, summary.bpmn_errors), (1, 0));
    assert_eq!(engine.body_of("t1", "failure").await["retries"], 0);
}

#[tokio::test]
async fn a_continuation_that_fails_becomes_an_incident_and_not_a_second_execution() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let message = "ENGINE-02004 Unknown property used in expression: ${falloutResolution}";
    engine.answer("t1/complete", 1, engine_error(500, Some(0), message)).await;

    let summary = complete_all(&engine).await;

    assert_eq!((summary.failures, summary.fetched), (1, 1));
    assert_eq!(engine.body_of("t1", "failure").await["retries"], 0);
}

#[tokio::test]
async fn a_variable_that_the_engine_cannot_store_becomes_an_incident_without_being_sent() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;

    let summary = run(&engine.client, &settings().draining(), in_ms(5_000), |_| async {
        TaskOutcome::Complete(Variables::none().with("note", "x".repeat(4_001)))
    })
    .await
    .unwrap();

    assert_eq!(summary.failures, 1);
    assert!(engine.bodies("t1/complete").await.is_empty());
    let failure = engine.body_of("t1", "failure").await;
    assert_eq!(failure["retries"], 0);
    assert!(failure["errorDetails"].as_str().unwrap().contains("variable note"), "{failure}");
}

#[tokio::test]
async fn a_suspended_instance_is_waited_for_without_costing_a_retry() {
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let message = "ENGINE-03043 ExternalTask with id 't1' is suspended.";
    engine.answer("t1/complete", 1, engine_error(400, Some(0), message)).await;

    let summary = complete_all(&engine).await;

    assert_eq!(summary.unreported, 1);
    assert!(engine.bodies("t1/failure").await.is_empty());
}
