//! External tasks: fetch, report, lock, retries, incidents.

use std::time::Duration;

use camunda_client::{
    ActivityQuery, BpmnError, EngineError, ExternalTaskQuery, FetchRequest, GoneSubject,
    IncidentQuery, RetriesFilter, TaskFailure, UserTaskQuery, Variables,
};
use order_domain::ids::FalloutCaseId;
use uuid::Uuid;

use crate::fixture::{ALL, Probe, go, new_key};

fn failure(retries: u32, retry_timeout: Duration) -> TaskFailure {
    let (message, details) = ("no answer".to_owned(), "after 10 s".to_owned());
    TaskFailure { message, details, retries, retry_timeout }
}

#[tokio::test]
async fn a_fetched_task_carries_its_pointers_and_a_completed_one_is_gone() {
    let probe = Probe::deploy().await;
    let key = new_key();
    let instance = probe.start(&key).await;

    let task = probe.fetch_one("work", "w1").await;
    assert_eq!(task.business_key, Some(key.to_string()));
    assert_eq!(task.process_instance_id, instance);
    assert_eq!(task.process_definition_key.as_ref(), Some(&probe.process_key));
    assert_eq!((task.activity_id.as_str(), task.worker_id.as_deref()), ("Work", Some("w1")));
    assert_eq!((task.retries, task.variables.number("orderVersion")), (None, Some(1)));
    assert_eq!(task.variables.text("orderId"), Some(&*key.order_id().to_string()));
    assert!(task.lock_expiration_time > task.create_time);
    assert_eq!(probe.fetch("work", "w2").await, []);

    probe.engine.complete_task(&task.id, "w1", &go()).await.unwrap();
    let again = probe.engine.complete_task(&task.id, "w1", &go()).await.unwrap_err();

    assert!(matches!(again, EngineError::Gone { subject: GoneSubject::ExternalTask, .. }));
    let query = ActivityQuery::of_activity_instance(&task.activity_instance_id);
    let history = probe.engine.list_activity_instances(&query, ALL).await.unwrap();
    assert_eq!(history.len(), 1);
    assert!(history[0].end_time.is_some() && !history[0].canceled);
}

#[tokio::test]
async fn tasks_are_fetched_oldest_first_and_no_more_than_asked() {
    let probe = Probe::deploy().await;
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(probe.start(&new_key()).await);
    }

    let request = FetchRequest { max_tasks: 2, ..probe.fetch_request("work", "w1") };
    let tasks = probe.engine.fetch_and_lock(&request).await.unwrap();

    let fetched: Vec<&str> = tasks.iter().map(|task| task.process_instance_id.as_str()).collect();
    assert_eq!(fetched, instances[..2]);
}

#[tokio::test]
async fn a_long_poll_is_answered_when_a_task_appears() {
    let probe = Probe::deploy().await;
    let long_poll = Some(Duration::from_secs(8));
    let request = FetchRequest { long_poll, ..probe.fetch_request("work", "w1") };

    let key = new_key();
    let (tasks, instance) = tokio::join!(probe.engine.fetch_and_lock(&request), probe.start(&key));

    assert_eq!(tasks.unwrap()[0].process_instance_id, instance);
}

#[tokio::test]
async fn a_bpmn_error_that_is_caught_brings_its_variables_along() {
    let probe = Probe::deploy().await;
    let (key, case) = (new_key(), FalloutCaseId::from_uuid(Uuid::now_v7()));
    probe.start(&key).await;
    let task = probe.fetch_one("work", "w1").await;

    let variables = Variables::none().with("falloutCaseId", case.to_string());
    let (code, message) = ("CAUGHT".to_owned(), "x\0".repeat(1_000));
    let error = BpmnError { code, message, variables };
    probe.engine.report_bpmn_error(&task.id, "w1", &error).await.unwrap();

    let query = UserTaskQuery::of_case(key, case);
    let tasks = probe.engine.list_user_tasks(&query, ALL).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].task_definition_key, "Review");
}

#[tokio::test]
async fn a_bpmn_error_that_nothing_catches_is_refused_and_the_task_stays() {
    let probe = Probe::deploy().await;
    probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;

    let (code, message) = ("UNCAUGHT".to_owned(), String::new());
    let error = BpmnError { code, message, variables: Variables::none() };
    let refused = probe.engine.report_bpmn_error(&task.id, "w1", &error).await.unwrap_err();

    assert!(matches!(refused, EngineError::UncaughtBpmnError { .. }), "{refused:?}");
    probe.engine.complete_task(&task.id, "w1", &go()).await.unwrap();
}

#[tokio::test]
async fn a_failure_waits_for_its_retry_timeout_and_an_unlock_ends_the_wait() {
    let probe = Probe::deploy().await;
    probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;

    let waiting = failure(3, Duration::from_secs(600));
    probe.engine.report_failure(&task.id, "w1", &waiting).await.unwrap();
    assert_eq!(probe.fetch("work", "w2").await, []);
    probe.engine.unlock_task(&task.id).await.unwrap();

    let again = probe.fetch_one("work", "w2").await;
    assert_eq!((&again.id, again.retries), (&task.id, Some(3)));
    assert_eq!(again.error_message.as_deref(), Some("no answer"));
    assert_eq!(again.error_details.as_deref(), Some("after 10 s"));
    assert_eq!(again.activity_instance_id, task.activity_instance_id);
}

#[tokio::test]
async fn a_failure_with_texts_the_engine_cannot_store_is_cleaned_and_reported() {
    let probe = Probe::deploy().await;
    probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;

    let failure = TaskFailure {
        message: "a\0ä".repeat(2_000),
        details: "\0ß".repeat(9_000),
        ..failure(1, Duration::ZERO)
    };
    probe.engine.report_failure(&task.id, "w1", &failure).await.unwrap();

    assert_eq!(probe.fetch_one("work", "w2").await.retries, Some(1));
}

#[tokio::test]
async fn exhausted_retries_are_an_incident_until_they_are_raised() {
    let probe = Probe::deploy().await;
    let instance = probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;
    let of_instance =
        IncidentQuery { process_instance_id: Some(instance), ..IncidentQuery::default() };

    let exhausted = failure(0, Duration::ZERO);
    probe.engine.report_failure(&task.id, "w1", &exhausted).await.unwrap();

    let incidents = probe.engine.list_incidents(&of_instance, ALL).await.unwrap();
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].external_task_id, task.id);
    assert_eq!(incidents[0].message.as_deref(), Some("no answer"));
    assert_eq!(probe.fetch("work", "w1").await, []);
    let topic_name = Some(task.topic_name.clone());
    let retries = Some(RetriesFilter::Exhausted);
    let query = ExternalTaskQuery { topic_name, retries, ..ExternalTaskQuery::default() };
    assert_eq!(probe.engine.list_external_tasks(&query, ALL).await.unwrap()[0].id, task.id);

    probe.engine.set_retries(&task.id, 5).await.unwrap();
    probe.engine.set_retries(&task.id, 5).await.unwrap();

    assert_eq!(probe.engine.list_incidents(&of_instance, ALL).await.unwrap(), []);
    assert_eq!(probe.fetch_one("work", "w2").await.retries, Some(5));
}

#[tokio::test]
async fn a_lock_can_be_extended_before_it_expires_and_not_after() {
    let probe = Probe::deploy().await;
    probe.start(&new_key()).await;
    let held = probe.fetch_one("work", "w1").await;
    let minute = Duration::from_secs(60);

    probe.engine.extend_lock(&held.id, "w1", minute).await.unwrap();
    probe.engine.unlock_task(&held.id).await.unwrap();
    probe.engine.unlock_task(&held.id).await.unwrap();
    let expired = probe.fetch_one_and_let_its_lock_expire("w2").await;
    let error = probe.engine.extend_lock(&expired.id, "w2", minute).await.unwrap_err();

    assert!(matches!(error, EngineError::LockLost { .. }), "{error:?}");
}

#[tokio::test]
async fn an_expired_owner_may_report_until_somebody_else_fetches() {
    let probe = Probe::deploy().await;
    probe.start(&new_key()).await;
    let task = probe.fetch_one_and_let_its_lock_expire("w1").await;

    probe.engine.complete_task(&task.id, "w1", &go()).await.unwrap();
}

#[tokio::test]
async fn every_report_of_a_worker_whose_task_another_one_fetched_is_a_lost_lock() {
    let probe = Probe::deploy().await;
    probe.start(&new_key()).await;
    let task = probe.fetch_one_and_let_its_lock_expire("w1").await;
    probe.fetch_one("work", "w2").await;
    let (engine, id) = (&probe.engine, task.id.as_str());

    let (code, message) = ("CAUGHT".to_owned(), String::new());
    let error = BpmnError { code, message, variables: Variables::none() };
    let results = [
        engine.complete_task(id, "w1", &go()).await,
        engine.report_failure(id, "w1", &failure(1, Duration::ZERO)).await,
        engine.report_bpmn_error(id, "w1", &error).await,
        engine.extend_lock(id, "w1", Duration::from_secs(60)).await,
    ];

    for result in results {
        let error = result.unwrap_err();
        assert!(matches!(error, EngineError::LockLost { .. }), "{error:?}");
    }
}
