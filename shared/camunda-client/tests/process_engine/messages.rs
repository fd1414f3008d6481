//! Messages, user tasks, subscriptions and timers.

use camunda_client::{
    ActivityQuery, EngineError, EventSubscriptionQuery, GoneSubject, HistoricInstanceQuery,
    HistoricState, JobQuery, MessageCorrelation, StartInstruction, UserTaskQuery, Variables,
};

use crate::fixture::{ALL, Probe, go, new_key};

#[tokio::test]
async fn a_message_is_taken_once_by_the_instance_that_waits() {
    let probe = Probe::deploy().await;
    let key = new_key();
    let instance = probe.start_waiting(&key).await;
    let message = MessageCorrelation::to_order("ProbeGo", key);

    let taken = probe.engine.correlate_message(&message).await.unwrap();
    let again = probe.engine.correlate_message(&message).await.unwrap_err();

    assert_eq!(taken.process_instance_id, instance);
    assert!(taken.execution_id.is_some());
    assert!(matches!(again, EngineError::NoMatch { .. }), "{again:?}");
}

#[tokio::test]
async fn a_message_before_the_wait_for_another_order_or_to_a_suspended_instance_has_no_match() {
    let probe = Probe::deploy().await;
    let (early, waiting) = (new_key(), new_key());
    let instance = probe.start_waiting(&waiting).await;
    probe.start(&early).await;
    probe.engine.set_suspended(&instance, true).await.unwrap();

    for key in [early, new_key(), waiting.clone()] {
        let message = MessageCorrelation::to_order("ProbeGo", key);
        let error = probe.engine.correlate_message(&message).await.unwrap_err();
        assert!(matches!(error, EngineError::NoMatch { .. }), "{error:?}");
    }

    probe.engine.set_suspended(&instance, false).await.unwrap();
    let message = MessageCorrelation::to_order("ProbeGo", waiting);
    probe.engine.correlate_message(&message).await.unwrap();
}

#[tokio::test]
async fn a_message_that_two_instances_wait_for_is_ambiguous_unless_it_names_one() {
    let probe = Probe::deploy().await;
    let key = new_key();
    let first = probe.start_waiting(&key).await;
    probe.start_waiting(&key).await;

    let message = MessageCorrelation::to_order("ProbeGo", key);
    let error = probe.engine.correlate_message(&message).await.unwrap_err();
    assert!(matches!(error, EngineError::AmbiguousMatch { .. }), "{error:?}");

    let message = MessageCorrelation::to_instance("ProbeGo", &first);
    let taken = probe.engine.correlate_message(&message).await.unwrap();
    assert_eq!(taken.process_instance_id, first);
}

#[tokio::test]
async fn variables_of_a_message_stay_in_the_scope_they_were_given_to() {
    let probe = Probe::deploy().await;
    let key = new_key();
    probe.start_waiting(&key).await;

    let case = Variables::none().with("falloutCaseId", "case-1");
    let message = MessageCorrelation::to_order("ProbeCase", key.clone())
        .with_triggered_scope_variables(case)
        .with_local_variables(Variables::none().with("planId", "plan-1"));
    probe.engine.correlate_message(&message).await.unwrap();
    let other = Variables::none().with("falloutCaseId", "case-2");
    let message =
        MessageCorrelation::to_order("ProbeCase", key).with_triggered_scope_variables(other);
    probe.engine.correlate_message(&message).await.unwrap();

    let tasks = probe.fetch("case", "w1").await;
    let cases: Vec<_> = tasks.iter().map(|task| task.variables.text("falloutCaseId")).collect();
    assert_eq!(cases, [Some("case-1"), Some("case-2")]);
}

#[tokio::test]
async fn local_variables_do_not_reach_the_process() {
    let probe = Probe::deploy().await;
    let key = new_key();
    probe.start_waiting(&key).await;
    let open = MessageCorrelation::to_order("ProbeCase", key.clone());
    probe.engine.correlate_message(&open).await.unwrap();

    let go = MessageCorrelation::to_order("ProbeGo", key)
        .with_local_variables(Variables::none().with("planId", "plan-1"));
    probe.engine.correlate_message(&go).await.unwrap();

    let task = probe.fetch_one("case", "w1").await;
    assert_eq!(task.variables.text("planId"), None);
}

#[tokio::test]
async fn a_user_task_is_completed_once() {
    let probe = Probe::deploy().await;
    let key = new_key();
    let at_review = StartInstruction::StartBeforeActivity { activity_id: "Review".to_owned() };
    let start = probe.start_of(&key).with_instruction(at_review);
    probe.engine.start_process(&start).await.unwrap();
    assert_eq!(probe.fetch("work", "w1").await, [], "started at the review, not at the start");

    let query = UserTaskQuery::of_order(key.clone());
    let tasks = probe.engine.list_user_tasks(&query, ALL).await.unwrap();
    assert_eq!((tasks.len(), tasks[0].task_definition_key.as_str()), (1, "Review"));
    let resolution = Variables::none().with("falloutResolution", "RETRY");
    probe.engine.complete_user_task(&tasks[0].id, &resolution).await.unwrap();
    let again = probe.engine.complete_user_task(&tasks[0].id, &resolution).await.unwrap_err();

    assert!(matches!(again, EngineError::Gone { subject: GoneSubject::UserTask, .. }), "{again:?}");
    let query = HistoricInstanceQuery::of_order(&probe.process_key, key);
    let history = probe.engine.list_historic_instances(&query, ALL).await.unwrap();
    assert_eq!(history[0].state, HistoricState::Completed);
}

#[tokio::test]
async fn a_subscription_says_who_waits_for_what() {
    let probe = Probe::deploy().await;
    let instance = probe.start_waiting(&new_key()).await;

    let query = EventSubscriptionQuery {
        process_instance_id: Some(instance.clone()),
        ..EventSubscriptionQuery::default()
    };
    let waits = probe.engine.list_event_subscriptions(&query, ALL).await.unwrap();

    let mut names: Vec<&str> = waits.iter().map(|wait| wait.message_name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ProbeCase", "ProbeGo"]);
    assert!(waits.iter().all(|wait| wait.process_instance_id.as_ref() == Some(&instance)));
}

#[tokio::test]
async fn a_timer_that_is_fired_takes_the_wait_away() {
    let probe = Probe::deploy().await;
    let instance = probe.start_waiting(&new_key()).await;

    let query = JobQuery::of_instance(&instance).at_activity("GoOverdue");
    let jobs = probe.engine.list_jobs(&query, ALL).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert!(jobs[0].due_date.is_some());
    probe.engine.execute_job(&jobs[0].id).await.unwrap();
    let again = probe.engine.execute_job(&jobs[0].id).await.unwrap_err();

    assert!(matches!(again, EngineError::Gone { subject: GoneSubject::Job, .. }), "{again:?}");
    let query = ActivityQuery::of_process_instance(&instance).at_activity("AwaitGo");
    let waits = probe.engine.list_activity_instances(&query, ALL).await.unwrap();
    assert_eq!(waits.len(), 1);
    assert!(waits[0].canceled && waits[0].end_time.is_some());
}

#[tokio::test]
async fn a_start_and_a_complete_are_two_calls_besides_the_fetch() {
    let probe = Probe::deploy().await;
    let before = probe.engine.calls();
    probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;
    probe.engine.complete_task(&task.id, "w1", &go()).await.unwrap();

    let calls = probe.engine.calls().since(&before);

    assert_eq!((calls.total(), calls.total_without_fetches()), (3, 2));
}
