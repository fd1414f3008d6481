//! Starting, finding, suspending and deleting instances.

use camunda_client::{
    ActivityQuery, EngineError, HistoricInstanceQuery, HistoricState, InstanceQuery,
    SuspensionFilter, Variables,
};

use crate::fixture::{ALL, Probe, absent, new_key};

#[tokio::test]
async fn two_starts_with_one_business_key_are_two_instances_oldest_first() {
    let probe = Probe::deploy().await;
    let key = new_key();
    let (first, second) = (probe.start(&key).await, probe.start(&key).await);

    let query = InstanceQuery::of_order(&probe.process_key, key.clone());
    let running = probe.engine.list_instances(&query, ALL).await.unwrap();
    let query = HistoricInstanceQuery::of_order(&probe.process_key, key.clone());
    let history = probe.engine.list_historic_instances(&query, ALL).await.unwrap();

    assert_eq!(running.len(), 2);
    assert!(running.iter().all(|instance| instance.business_key == Some(key.to_string())));
    let ids: Vec<&str> = history.iter().map(|instance| instance.id.as_str()).collect();
    assert_eq!(ids, [first, second]);
    assert!(history.iter().all(|instance| instance.state == HistoricState::Active));
}

#[tokio::test]
async fn a_start_reports_the_instance_and_its_definition() {
    let probe = Probe::deploy().await;

    let key = new_key();

    let started = probe.engine.start_process(&probe.start_of(&key)).await.unwrap();

    let query = InstanceQuery::of_order(&probe.process_key, key);
    let running = probe.engine.list_instances(&query, ALL).await.unwrap();
    assert_eq!((&started.id, &started.definition_id), (&running[0].id, &running[0].definition_id));
    assert!(!started.ended && !started.suspended);
}

#[tokio::test]
async fn a_suspended_instance_refuses_its_task_until_it_is_activated() {
    let probe = Probe::deploy().await;
    let instance = probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;
    let none = Variables::none().with("verdict", "GO");

    probe.engine.set_suspended(&instance, true).await.unwrap();
    let refused = probe.engine.complete_task(&task.id, "w1", &none).await.unwrap_err();
    let mut query = InstanceQuery::of_process(&probe.process_key);
    query.suspension = Some(SuspensionFilter::Suspended);
    let suspended = probe.engine.list_instances(&query, ALL).await.unwrap();
    query.suspension = Some(SuspensionFilter::Active);
    let active = probe.engine.list_instances(&query, ALL).await.unwrap();

    assert!(matches!(refused, EngineError::InstanceSuspended { .. }), "{refused:?}");
    assert!(refused.is_retryable());
    assert_eq!((suspended.len(), active.len()), (1, 0));
    assert!(suspended[0].suspended);

    probe.engine.set_suspended(&instance, false).await.unwrap();
    probe.engine.complete_task(&task.id, "w1", &none).await.unwrap();
}

#[tokio::test]
async fn a_deleted_instance_is_terminated_and_deleting_it_again_is_no_error() {
    let probe = Probe::deploy().await;
    let key = new_key();
    let instance = probe.start(&key).await;
    let task = probe.fetch_one("work", "w1").await;

    for id in [&instance, &instance, &absent()] {
        probe.engine.delete_instance(id).await.unwrap();
    }

    let query = HistoricInstanceQuery::of_order(&probe.process_key, key);
    let history = probe.engine.list_historic_instances(&query, ALL).await.unwrap();
    assert_eq!(history[0].state, HistoricState::ExternallyTerminated);
    assert!(history[0].end_time.is_some());
    let query = ActivityQuery::of_activity_instance(&task.activity_instance_id);
    let activities = probe.engine.list_activity_instances(&query, ALL).await.unwrap();
    assert!(activities[0].canceled);
}
