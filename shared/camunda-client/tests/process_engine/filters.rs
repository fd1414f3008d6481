//! The engine ignores what it does not know, so a misspelt filter returns everything.
//! For each filter: with the right value the row is found, with an absent one nothing is.

use std::time::Duration;

use camunda_client::{
    ActivityQuery, EventSubscriptionQuery, ExternalTaskQuery, HistoricInstanceQuery, IncidentQuery,
    InstanceQuery, JobQuery, LifeFilter, LockFilter, Page, RetriesFilter, SuspensionFilter,
    TaskFailure, UserTaskQuery,
};
use jiff::{Timestamp, ToSpan};
use order_domain::ids::FalloutCaseId;
use uuid::Uuid;

use crate::fixture::{ALL, Probe, absent, new_key};

fn hours_from_now(hours: i64) -> Timestamp {
    Timestamp::now() + hours.hours()
}

#[tokio::test]
async fn filters_of_instances() {
    let probe = Probe::deploy().await;
    let key = new_key();
    probe.start(&key).await;
    let count =
        async |query: InstanceQuery| probe.engine.list_instances(&query, ALL).await.unwrap().len();
    let ours = InstanceQuery::of_order(&probe.process_key, key.clone());
    let suspended = Some(SuspensionFilter::Suspended);

    assert_eq!(count(ours.clone()).await, 1);
    assert_eq!(count(InstanceQuery::of_process(&probe.process_key)).await, 1);
    assert_eq!(count(InstanceQuery::of_process(absent())).await, 0);
    assert_eq!(count(InstanceQuery::of_order(absent(), key)).await, 0);
    assert_eq!(count(InstanceQuery::of_order(&probe.process_key, new_key())).await, 0);
    assert_eq!(count(InstanceQuery { suspension: suspended, ..ours }).await, 0);
}

#[tokio::test]
async fn filters_of_historic_instances() {
    let probe = Probe::deploy().await;
    let key = new_key();
    let running = probe.start(&key).await;
    let ended = probe.start(&key).await;
    probe.engine.delete_instance(&ended).await.unwrap();
    let ids = async |query: HistoricInstanceQuery| -> Vec<String> {
        let found = probe.engine.list_historic_instances(&query, ALL).await.unwrap();
        found.into_iter().map(|instance| instance.id).collect()
    };
    let ours = || HistoricInstanceQuery::of_order(&probe.process_key, key.clone());
    let life = |life| HistoricInstanceQuery { life: Some(life), ..ours() };
    let instance = |id| HistoricInstanceQuery { process_instance_id: Some(id), ..ours() };
    let before = |moment| HistoricInstanceQuery { started_before: Some(moment), ..ours() };

    assert_eq!(ids(ours()).await, [running.clone(), ended.clone()]);
    assert_eq!(ids(HistoricInstanceQuery::of_process(absent())).await, [""; 0]);
    let other_order = HistoricInstanceQuery::of_order(&probe.process_key, new_key());
    assert_eq!(ids(other_order).await, [""; 0]);
    assert_eq!(ids(instance(running.clone())).await, [running.as_str()]);
    assert_eq!(ids(instance(absent())).await, [""; 0]);
    assert_eq!(ids(life(LifeFilter::Unfinished)).await, [running.as_str()]);
    assert_eq!(ids(life(LifeFilter::Finished)).await, [ended.as_str()]);
    assert_eq!(ids(life(LifeFilter::FinishedAfter(hours_from_now(-1)))).await, [ended.as_str()]);
    assert_eq!(ids(life(LifeFilter::FinishedAfter(hours_from_now(1)))).await, [""; 0]);
    assert_eq!(ids(before(hours_from_now(1))).await, [running, ended]);
    assert_eq!(ids(before(hours_from_now(-1))).await, [""; 0]);
}

#[tokio::test]
async fn filters_of_activities() {
    let probe = Probe::deploy().await;
    let instance = probe.start(&new_key()).await;
    let run = probe.fetch_one("work", "w1").await.activity_instance_id;
    let count = async |query: ActivityQuery| {
        probe.engine.list_activity_instances(&query, ALL).await.unwrap().len()
    };

    assert_eq!(count(ActivityQuery::of_process_instance(&instance)).await, 2);
    assert_eq!(count(ActivityQuery::of_process_instance(&instance).at_activity("Work")).await, 1);
    assert_eq!(count(ActivityQuery::of_process_instance(&instance).at_activity(absent())).await, 0);
    assert_eq!(count(ActivityQuery::of_process_instance(absent())).await, 0);
    assert_eq!(count(ActivityQuery::of_activity_instance(run)).await, 1);
    assert_eq!(count(ActivityQuery::of_activity_instance(absent())).await, 0);
}

#[tokio::test]
async fn filters_of_user_tasks() {
    let probe = Probe::deploy().await;
    let (key, case) = (new_key(), FalloutCaseId::from_uuid(Uuid::now_v7()));
    let at_review =
        camunda_client::StartInstruction::StartBeforeActivity { activity_id: "Review".to_owned() };
    let variables = camunda_client::Variables::none().with("falloutCaseId", case.to_string());
    let start = probe.start_of(&key).with_variables(variables).with_instruction(at_review);
    probe.engine.start_process(&start).await.unwrap();
    let count =
        async |query: UserTaskQuery| probe.engine.list_user_tasks(&query, ALL).await.unwrap().len();
    let other_case = FalloutCaseId::from_uuid(Uuid::now_v7());

    assert_eq!(count(UserTaskQuery::of_order(key.clone())).await, 1);
    assert_eq!(count(UserTaskQuery::of_case(key.clone(), case)).await, 1);
    assert_eq!(count(UserTaskQuery::of_order(new_key())).await, 0);
    assert_eq!(count(UserTaskQuery::of_case(new_key(), case)).await, 0);
    assert_eq!(count(UserTaskQuery::of_case(key, other_case)).await, 0);
}

#[tokio::test]
async fn filters_of_external_tasks() {
    let probe = Probe::deploy().await;
    let instance = probe.start(&new_key()).await;
    let topic_name = Some(format!("{}.work", probe.process_key));
    let ours = || ExternalTaskQuery { topic_name: topic_name.clone(), ..Default::default() };
    let count = async |query: ExternalTaskQuery| {
        probe.engine.list_external_tasks(&query, ALL).await.unwrap().len()
    };
    let worker = |id: String| ExternalTaskQuery { worker_id: Some(id), ..ours() };
    let of = |id: String| ExternalTaskQuery { process_instance_id: Some(id), ..ours() };
    let lock = |lock| ExternalTaskQuery { lock: Some(lock), ..ours() };
    let retries = |retries| ExternalTaskQuery { retries: Some(retries), ..ours() };

    assert_eq!(count(ours()).await, 1);
    assert_eq!(count(lock(LockFilter::NotLocked)).await, 1);
    assert_eq!(count(lock(LockFilter::Locked)).await, 0);
    let elsewhere = ExternalTaskQuery { topic_name: Some(absent()), ..Default::default() };
    assert_eq!(count(elsewhere).await, 0);
    assert_eq!(count(of(instance)).await, 1);
    assert_eq!(count(of(absent())).await, 0);
    assert_eq!(count(retries(RetriesFilter::Left)).await, 1);
    assert_eq!(count(retries(RetriesFilter::Exhausted)).await, 0);

    probe.fetch_one("work", "w1").await;

    assert_eq!(count(worker("w1".to_owned())).await, 1);
    assert_eq!(count(worker(absent())).await, 0);
    assert_eq!(count(lock(LockFilter::Locked)).await, 1);
    assert_eq!(count(lock(LockFilter::NotLocked)).await, 0);
    assert_eq!(count(lock(LockFilter::ExpiredBefore(hours_from_now(1)))).await, 1);
    assert_eq!(count(lock(LockFilter::ExpiredBefore(hours_from_now(-1)))).await, 0);
}

#[tokio::test]
async fn filters_of_incidents() {
    let probe = Probe::deploy().await;
    let instance = probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;
    let failure = TaskFailure {
        message: "broken".to_owned(),
        details: String::new(),
        retries: 0,
        retry_timeout: Duration::ZERO,
    };
    probe.engine.report_failure(&task.id, "w1", &failure).await.unwrap();
    let count = async |process_instance_id: String, after: Option<Timestamp>| {
        let process_instance_id = Some(process_instance_id);
        let query = IncidentQuery { process_instance_id, incident_timestamp_after: after };
        probe.engine.list_incidents(&query, ALL).await.unwrap().len()
    };

    assert_eq!(count(instance.clone(), None).await, 1);
    assert_eq!(count(instance.clone(), Some(hours_from_now(-1))).await, 1);
    assert_eq!(count(instance, Some(hours_from_now(1))).await, 0);
    assert_eq!(count(absent(), None).await, 0);
}

#[tokio::test]
async fn filters_of_jobs() {
    let probe = Probe::deploy().await;
    let instance = probe.start_waiting(&new_key()).await;
    let count = async |query: JobQuery| probe.engine.list_jobs(&query, ALL).await.unwrap().len();

    assert_eq!(count(JobQuery::of_instance(&instance)).await, 1);
    assert_eq!(count(JobQuery::of_instance(&instance).at_activity("GoOverdue")).await, 1);
    assert_eq!(count(JobQuery::of_instance(&instance).at_activity(absent())).await, 0);
    assert_eq!(count(JobQuery::of_instance(absent())).await, 0);
}

#[tokio::test]
async fn filters_of_event_subscriptions() {
    let probe = Probe::deploy().await;
    let instance = probe.start_waiting(&new_key()).await;
    let count = async |message: Option<&str>, instance: &str| {
        let message_name = message.map(ToOwned::to_owned);
        let process_instance_id = Some(instance.to_owned());
        let query = EventSubscriptionQuery { message_name, process_instance_id };
        probe.engine.list_event_subscriptions(&query, ALL).await.unwrap().len()
    };

    assert_eq!(count(None, &instance).await, 2);
    assert_eq!(count(Some("ProbeGo"), &instance).await, 1);
    assert_eq!(count(Some(&absent()), &instance).await, 0);
    assert_eq!(count(Some("ProbeGo"), &absent()).await, 0);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let probe = Probe::deploy().await;
    for _ in 0..3 {
        probe.start(&new_key()).await;
    }
    let page = async |page: Page| -> Vec<String> {
        let query = InstanceQuery::of_process(&probe.process_key);
        let found = probe.engine.list_instances(&query, page).await.unwrap();
        found.into_iter().map(|instance| instance.id).collect()
    };

    let (first, second) = (page(Page::first(2)).await, page(Page::first(2).next()).await);

    assert_eq!((first.len(), second.len()), (2, 1));
    assert_eq!([first, second].concat(), page(ALL).await);
}

#[tokio::test]
async fn filters_of_many_orders_at_once() {
    let probe = Probe::deploy().await;
    let (first, second, other) = (new_key(), new_key(), new_key());
    let running = probe.start(&first).await;
    let ended = probe.start(&second).await;
    probe.start(&other).await;
    probe.engine.delete_instance(&ended).await.unwrap();
    let ids = async |first, others: Vec<camunda_client::BusinessKey>| -> Vec<String> {
        let query = HistoricInstanceQuery::of_orders(&probe.process_key, first, others);
        let found = probe.engine.list_historic_instances(&query, ALL).await.unwrap();
        found.into_iter().map(|instance| instance.id).collect()
    };
    let by_id = async |ids: &[&str]| -> Vec<String> {
        let found = probe.engine.list_instances_by_id(ids).await.unwrap();
        found.into_iter().map(|instance| instance.id).collect()
    };

    assert_eq!(ids(first.clone(), vec![second]).await, [running.clone(), ended.clone()]);
    assert_eq!(ids(first, vec![]).await, [running.as_str()]);
    assert_eq!(ids(new_key(), vec![new_key()]).await, [""; 0]);
    assert_eq!(by_id(&[&running, &ended, &absent()]).await, [running.as_str()]);
    assert_eq!(by_id(&[&absent()]).await, [""; 0]);
    assert_eq!(by_id(&[]).await, [""; 0]);
}

#[tokio::test]
async fn the_user_tasks_of_many_orders_come_with_their_cases() {
    let probe = Probe::deploy().await;
    let (key, case) = (new_key(), FalloutCaseId::from_uuid(Uuid::now_v7()));
    let at_review =
        camunda_client::StartInstruction::StartBeforeActivity { activity_id: "Review".to_owned() };
    let variables = camunda_client::Variables::none().with("falloutCaseId", case.to_string());
    let start = probe.start_of(&key).with_variables(variables).with_instruction(at_review);
    probe.engine.start_process(&start).await.unwrap();
    let cases = async |orders: &[camunda_client::BusinessKey]| -> Vec<Option<FalloutCaseId>> {
        let found = probe.engine.list_case_tasks(orders, ALL).await.unwrap();
        found.into_iter().map(|x| x.fallout_case_id).collect()
    };

    assert_eq!(cases(&[key, new_key()]).await, [Some(case)]);
    assert_eq!(cases(&[new_key()]).await, []);
    assert_eq!(cases(&[]).await, []);
}

#[tokio::test]
async fn incidents_of_every_type_are_listed_where_they_began() {
    let probe = Probe::deploy().await;
    let instance = probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;
    let failure = TaskFailure {
        message: "broken".to_owned(),
        details: String::new(),
        retries: 0,
        retry_timeout: Duration::ZERO,
    };
    probe.engine.report_failure(&task.id, "w1", &failure).await.unwrap();

    let (found, count) = probe.engine.list_root_incidents(Page::first(1000)).await.unwrap();

    let ours = |x: &&camunda_client::RootIncident| {
        x.process_instance_id.as_deref() == Some(instance.as_str())
    };
    let ours: Vec<_> = found.iter().filter(ours).collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0].incident_type, "failedExternalTask");
    assert_eq!(ours[0].message.as_deref(), Some("broken"));
    assert!(count >= found.len());
}
