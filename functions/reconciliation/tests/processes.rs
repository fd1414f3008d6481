//! Processes compared with their orders, on a real database, with an engine that a test speaks for.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use at_engine::running::Oms;
use jiff::SignedDuration;
use reconciliation::ReconciliationSummary;
use serde_json::{Value, json};
use test_support::pointers::{only_pointers, told};
use test_support::stage::Stage;
use uuid::Uuid;
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

mod at_engine {
    pub(super) mod running;
}

impl Oms {
    /// Nothing is owed, and the process is due for a look.
    async fn due(stage: Stage) -> Self {
        let oms = Self::over(stage).await;
        oms.stage.db.execute("delete from outbox_message").await;
        oms.stage.advance(SignedDuration::from_mins(11));
        oms
    }

    async fn placed() -> Self {
        Self::due(Stage::placed(1).await).await
    }

    fn key(&self) -> String {
        format!("ORDER:acme:{}", self.stage.order_id)
    }

    /// What history knows of the order, by id and state; what it is not asked for, it lacks.
    async fn history(&self, instances: &[(&str, &str)]) {
        let (key, start) = (self.key(), "2026-01-31T12:00:00.000+0000");
        let instance = |(id, state): &(&str, &str)| {
            json!({"id": id, "processDefinitionId": "d:1", "state": state, "startTime": start,
                "businessKey": key})
        };
        let found: Vec<Value> = instances.iter().map(instance).collect();
        let asked = json!({"processInstanceBusinessKeyIn": [key]});
        self.answer("/engine-rest/history/process-instance", (asked, json!(found))).await;
        self.answers_nothing_else().await;
    }

    async fn answer(&self, at: &str, (asked, answer): (Value, Value)) {
        Mock::given(method("POST"))
            .and(path(at))
            .and(body_partial_json(asked))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&self.engine)
            .await;
    }

    async fn answers_nothing_else(&self) {
        let nothing = || ResponseTemplate::new(200).set_body_json(json!([]));
        for at in ["process-instance", "external-task", "task", "variable-instance"] {
            let call = Mock::given(method("POST")).and(path(format!("/engine-rest/{at}")));
            call.respond_with(nothing()).with_priority(200).mount(&self.engine).await;
        }
        let incidents = Mock::given(method("GET")).and(path("/engine-rest/incident"));
        incidents.respond_with(nothing()).with_priority(200).mount(&self.engine).await;
    }

    async fn round(&self) -> ReconciliationSummary {
        self.round_after(0).await
    }

    async fn incidents(&self, kind: &str) -> i64 {
        let sql = format!(
            "select count(*) from platform_incident where kind = '{kind}' and resolved_at is null
                 and order_id is not null"
        );
        self.stage.db.number(&sql).await
    }

    async fn correlation(&self) -> (String, Option<String>) {
        let of = async |column: &str| {
            self.stage.db.text(&format!("select {column} from workflow_correlation")).await
        };
        (of("status").await.unwrap(), of("process_instance_id").await)
    }

    /// A case that the engine heard of an hour ago.
    async fn case(&self, status: &str) -> Uuid {
        let (id, order_id) = (Uuid::now_v7(), self.stage.order_id);
        let resolved = if status == "RESOLVED" { "now()" } else { "null" };
        let sql = format!(
            "insert into order_fallout_case (tenant_id, id, order_id, cause, origin, severity,
                 reason_code, reasons, status, is_blocking, engine_anchor, evidence, assigned_group,
                 version, opened_at, resolved_at)
             values ('acme', '{id}', '{order_id}', 'step:one', 'test', 'MAJOR', 'TEST', '[]', '{status}',
                 false, 'MESSAGE', '{{}}', 'order-operations', 1, now() - interval '1 hour', {resolved})"
        );
        self.stage.db.execute(&sql).await;
        id
    }

    async fn user_task(&self, case: Uuid) {
        let task = json!({"id": "t-1", "taskDefinitionKey": "ResolveOrderFallout",
            "processInstanceId": "f-1", "created": "2026-01-31T12:00:00.000+0000"});
        let asked = json!({"processInstanceBusinessKeyIn": [self.key()]});
        self.answer("/engine-rest/task", (asked, json!([task]))).await;
        let pointer = json!([{"processInstanceId": "f-1", "value": case}]);
        let asked = json!({"variableName": "falloutCaseId", "processInstanceIdIn": ["f-1"]});
        self.answer("/engine-rest/variable-instance", (asked, pointer)).await;
    }

    async fn owed(&self) -> i64 {
        let sql = "select count(*) from outbox_message where kind = 'WORKFLOW_START'";
        self.stage.db.number(sql).await
    }

    async fn finish(self) {
        self.stage.db.finish().await;
    }
}

async fn deleted(engine: &MockServer) -> Vec<String> {
    let requests = engine.received_requests().await.unwrap();
    let is_delete = |x: &&wiremock::Request| x.method.as_str() == "DELETE";
    requests.iter().filter(is_delete).map(|x| x.url.path().to_owned()).collect()
}

async fn takes_deletions(engine: &MockServer) {
    let gone = ResponseTemplate::new(204);
    Mock::given(method("DELETE")).respond_with(gone).mount(engine).await;
}

#[tokio::test]
async fn a_process_that_runs_is_left_alone_and_looked_at_again_later() {
    let oms = Oms::placed().await;
    oms.history(&[("p-1", "ACTIVE")]).await;

    let first = oms.round().await;
    let at_once = oms.round().await;
    oms.stage.advance(SignedDuration::from_mins(11));
    let later = oms.round().await;

    let checked = [&first, &at_once, &later].map(|x| x.processes_checked);
    assert_eq!(checked, [1, 0, 1]);
    assert_eq!(oms.correlation().await, ("RUNNING".to_owned(), Some("p-1".to_owned())));
    assert_eq!(oms.owed().await, 0);
    oms.finish().await;
}

#[tokio::test]
async fn a_process_that_the_engine_does_not_know_is_put_back() {
    let oms = Oms::placed().await;
    oms.history(&[]).await;

    let summary = oms.round().await;

    assert_eq!(summary.processes_put_back, 1);
    assert_eq!(oms.owed().await, 1);
    assert_eq!(oms.correlation().await, ("STARTING".to_owned(), None));
    assert_eq!(oms.incidents("ENGINE_INSTANCE_LOST").await, 1);
    oms.finish().await;
}

#[tokio::test]
async fn a_process_that_history_alone_forgot_is_not_put_back() {
    let oms = Oms::placed().await;
    let running = json!([{"id": "p-1", "definitionId": "d:1", "suspended": false}]);
    let asked = json!({"processInstanceIds": ["p-1"]});
    oms.answer("/engine-rest/process-instance", (asked, running)).await;
    oms.history(&[]).await;

    let summary = oms.round().await;

    assert_eq!((summary.processes_checked, summary.processes_put_back), (1, 0));
    oms.finish().await;
}

#[tokio::test]
async fn a_process_that_ended_is_put_back_only_while_its_order_is_open() {
    for (order_status, state, put_back) in [
        ("CREATED", "EXTERNALLY_TERMINATED", true),
        ("CREATED", "COMPLETED", true),
        ("COMPLETED", "COMPLETED", false),
        ("COMPLETED", "EXTERNALLY_TERMINATED", false),
    ] {
        let oms = Oms::placed().await;
        if order_status == "COMPLETED" {
            let sql = "update product_order set status = 'COMPLETED', completed_at = now()";
            oms.stage.db.execute(sql).await;
        }
        oms.history(&[("p-1", state)]).await;

        let summary = oms.round().await;

        let seen = (summary.processes_put_back, summary.processes_ended);
        assert_eq!(seen, if put_back { (1, 0) } else { (0, 1) }, "{order_status} {state}");
        assert_eq!(oms.incidents("ENGINE_INSTANCE_ENDED").await, i64::from(put_back));
        let status = if put_back { "STARTING" } else { "ENDED" };
        assert_eq!(oms.correlation().await.0, status);
        oms.finish().await;
    }
}

#[tokio::test]
async fn of_several_instances_the_recorded_one_is_kept_and_the_others_are_deleted_and_reported() {
    let oms = Oms::placed().await;
    oms.history(&[("p-0", "ACTIVE"), ("p-1", "ACTIVE"), ("p-2", "ACTIVE")]).await;
    takes_deletions(&oms.engine).await;

    let summary = oms.round().await;

    assert_eq!(summary.duplicates_deleted, 2);
    let gone = ["p-0", "p-2"].map(|x| format!("/engine-rest/process-instance/{x}"));
    assert_eq!(deleted(&oms.engine).await, gone);
    assert_eq!(oms.incidents("DUPLICATE_PROCESS_INSTANCE").await, 2);
    oms.finish().await;
}

#[tokio::test]
async fn an_instance_that_nobody_recorded_is_adopted_and_not_doubled() {
    let oms = Oms::placed().await;
    oms.history(&[("p-1", "EXTERNALLY_TERMINATED"), ("p-2", "ACTIVE")]).await;

    let summary = oms.round().await;

    assert_eq!((summary.processes_adopted, summary.processes_put_back), (1, 0));
    assert_eq!(oms.correlation().await, ("RUNNING".to_owned(), Some("p-2".to_owned())));
    assert!(deleted(&oms.engine).await.is_empty());
    oms.finish().await;
}

#[tokio::test]
async fn a_start_that_nobody_owes_any_more_is_owed_again_after_asking() {
    let oms = Oms::placed().await;
    let forget = "update workflow_correlation set status = 'STARTING', process_instance_id = null";
    oms.stage.db.execute(forget).await;
    oms.history(&[]).await;

    let summary = oms.round().await;

    assert_eq!(summary.processes_put_back + summary.restarted, 1);
    assert_eq!(oms.owed().await, 1);
    oms.finish().await;
}

#[tokio::test]
async fn an_engine_that_does_not_answer_changes_nothing_and_is_asked_again_in_a_minute() {
    let oms = Oms::placed().await;
    let down = ResponseTemplate::new(503);
    Mock::given(method("POST")).respond_with(down).up_to_n_times(2).mount(&oms.engine).await;

    let silent = oms.round().await;
    let before = oms.correlation().await;
    oms.engine.reset().await;
    oms.history(&[]).await;
    oms.stage.advance(SignedDuration::from_secs(61));
    let answered = oms.round().await;

    assert_eq!((silent.engine_silent, silent.processes_put_back), (2, 0));
    assert_eq!(before.0, "RUNNING");
    assert_eq!(answered.processes_put_back, 1);
    oms.finish().await;
}

#[tokio::test]
async fn what_the_engine_complains_about_is_an_incident_until_it_stops() {
    let oms = Oms::placed().await;
    let (key, start) = (oms.key(), json!("2026-01-31T12:00:00.000+0000"));
    let task = json!({"id": "e-1", "topicName": "order.decompose", "businessKey": key,
        "processInstanceId": "p-1", "activityId": "DecomposeOrder", "activityInstanceId": "a-1",
        "errorMessage": "the database is down", "retries": 0, "createTime": start});
    let exhausted = json!({"noRetriesLeft": true});
    oms.answer("/engine-rest/external-task", (exhausted, json!([task]))).await;
    let suspended = json!([{"id": "p-1", "definitionId": "d:1", "businessKey": key,
        "suspended": true}]);
    oms.answer("/engine-rest/process-instance", (json!({"suspended": true}), suspended)).await;
    let job = json!([{"id": "i-1", "incidentType": "failedJob", "processInstanceId": "p-1",
        "activityId": "PlanOverdue", "incidentMessage": "no connection"}]);
    let by_id = json!([{"id": "p-1", "definitionId": "d:1", "businessKey": key,
        "suspended": true}]);
    let asked = json!({"processInstanceIds": ["p-1"]});
    oms.answer("/engine-rest/process-instance", (asked, by_id)).await;
    Mock::given(method("GET"))
        .and(path("/engine-rest/incident"))
        .respond_with(ResponseTemplate::new(200).set_body_json(job))
        .mount(&oms.engine)
        .await;
    oms.history(&[("p-1", "SUSPENDED")]).await;

    oms.round().await;
    let open =
        (oms.incidents("ENGINE_INCIDENT").await, oms.incidents("ENGINE_INSTANCE_SUSPENDED").await);
    let soon = oms.round().await;
    oms.engine.reset().await;
    oms.history(&[("p-1", "ACTIVE")]).await;
    oms.stage.advance(SignedDuration::from_secs(61));
    oms.round().await;
    let over =
        (oms.incidents("ENGINE_INCIDENT").await, oms.incidents("ENGINE_INSTANCE_SUSPENDED").await);

    assert_eq!(open, (2, 1), "an exhausted task, a failed job, a suspended instance");
    assert_eq!(soon.engine_reports, 0, "once a minute is enough");
    assert_eq!(over, (0, 0));
    oms.finish().await;
}

#[tokio::test]
async fn a_user_task_whose_case_is_closed_is_completed() {
    let oms = Oms::placed().await;
    let case = oms.case("RESOLVED").await;
    oms.user_task(case).await;
    oms.history(&[("p-1", "ACTIVE")]).await;
    Mock::given(method("POST"))
        .and(path("/engine-rest/task/t-1/complete"))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&oms.engine)
        .await;

    let summary = oms.round().await;

    assert_eq!(summary.ghost_tasks_completed, 1);
    oms.finish().await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_ghost_task_is_completed() {
    let oms = Oms::placed().await;
    let case = oms.case("RESOLVED").await;
    oms.user_task(case).await;
    oms.history(&[("p-1", "ACTIVE")]).await;
    let taken = Mock::given(path("/engine-rest/task/t-1/complete"));
    taken.respond_with(ResponseTemplate::new(204)).mount(&oms.engine).await;

    oms.round().await;

    let told = told(&oms.engine).await;
    assert_eq!(told.iter().map(|x| x.call).collect::<Vec<_>>(), ["resolve"]);
    only_pointers(&told);
    oms.finish().await;
}

#[tokio::test]
async fn a_case_whose_user_task_somebody_completed_by_hand_is_reported_until_it_closes() {
    let oms = Oms::placed().await;
    oms.case("OPEN").await;
    oms.history(&[("p-1", "ACTIVE")]).await;

    oms.round().await;
    let open = oms.incidents("TASK_COMPLETED_BY_HAND").await;
    let close = "update order_fallout_case set status = 'RESOLVED', resolved_at = now()";
    oms.stage.db.execute(close).await;
    oms.stage.advance(SignedDuration::from_mins(11));
    oms.round().await;

    assert_eq!((open, oms.incidents("TASK_COMPLETED_BY_HAND").await), (1, 0));
    oms.finish().await;
}

#[tokio::test]
async fn a_case_with_its_user_task_or_with_something_owed_to_the_engine_is_in_order() {
    let oms = Oms::placed().await;
    let with_task = oms.case("OPEN").await;
    oms.user_task(with_task).await;
    oms.history(&[("p-1", "ACTIVE")]).await;

    let summary = oms.round().await;

    assert_eq!((summary.engine_reports, summary.ghost_tasks_completed), (0, 0));
    assert_eq!(oms.incidents("TASK_COMPLETED_BY_HAND").await, 0);
    oms.finish().await;

    let oms = Oms::placed().await;
    let owed = oms.case("OPEN").await;
    oms.stage.owe(("WORKFLOW_MESSAGE", &format!("case:{owed}")), json!({})).await;
    oms.history(&[("p-1", "ACTIVE")]).await;

    assert_eq!(oms.round().await.engine_reports, 0);
    oms.finish().await;
}
