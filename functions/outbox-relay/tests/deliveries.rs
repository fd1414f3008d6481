//! The relay on a real database, with an engine that a test speaks for.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::ErrorKind;
use std::time::Duration;

use camunda_client::{EngineClient, EngineSettings};
use jiff::SignedDuration;
use lambda_support::Deadline;
use lambda_support::termination::Termination;
use message_sinks::{EventBus, SinkRefusal, StepQueue};
use order_store::Store;
use outbox_relay::{Deps, RelaySummary, handler, policy};
use serde_json::{Value, json};
use test_support::stage::Stage;
use test_support::{order_draft, place_order};
use uuid::Uuid;
use wiremock::matchers::{body_partial_json, method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

const START: &str = "/engine-rest/process-definition/key/order-fulfillment/start";

fn engine(url: &str) -> EngineClient {
    let http = lambda_support::http::client(policy::ENGINE_CALL).unwrap();
    let settings = EngineSettings::parse(&format!("{url}/engine-rest")).unwrap();
    EngineClient::new(http, settings)
}

fn sinks() -> (StepQueue, EventBus) {
    (StepQueue::in_memory(), EventBus::in_memory())
}

async fn deps_of(stage: &Stage, store: Store, url: &str) -> Deps {
    Deps::new(store, engine(url), sinks()).with_clock(stage.clock())
}

async fn deps(stage: &Stage, url: &str) -> Deps {
    deps_of(stage, stage.db.store("oms_outbox_relay").await, url).await
}

async fn round(deps: &Deps) -> RelaySummary {
    handler::run_once(deps, "run").await.unwrap()
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn started(id: &str) -> ResponseTemplate {
    ok(json!({"id": id, "definitionId": "d:1", "ended": false, "suspended": false}))
}

async fn answer(server: &MockServer, at: &str, answer: ResponseTemplate, calls: u64) {
    let call = Mock::given(method("POST")).and(path(at));
    call.respond_with(answer).expect(calls).mount(server).await;
}

fn instance(id: &str, state: &str) -> Value {
    json!({"id": id, "processDefinitionId": "d:1", "state": state,
        "startTime": "2026-01-31T12:00:00.000+0000"})
}

async fn history(server: &MockServer, instances: Value, calls: u64) {
    answer(server, "/engine-rest/history/process-instance", ok(instances), calls).await;
}

/// An order that owes nothing but what the test adds.
async fn silent_stage() -> Stage {
    let stage = Stage::placed(1).await;
    stage.db.execute("delete from outbox_message").await;
    stage
}

async fn owe(stage: &Stage, (kind, lane): (&str, &str), payload: Value) {
    stage
        .db
        .execute(&format!(
            "insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
             values ('acme', gen_random_uuid(), '{kind}', '{lane}', '{}', '{payload}', now(), now())",
            stage.order_id
        ))
        .await;
}

async fn owe_event(stage: &Stage, name: &str) {
    let payload = json!({"kind": "DOMAIN_EVENT", "eventType": name, "cloudEvent": {"type": name}});
    owe(stage, ("DOMAIN_EVENT", "events:one"), payload).await;
}

async fn owe_plan(stage: &Stage) {
    let payload = json!({"kind": "PLAN_COMPLETED", "fulfillmentPlanId": Uuid::nil()});
    owe(stage, ("WORKFLOW_MESSAGE", "plan:one"), payload).await;
}

async fn owed(stage: &Stage) -> i64 {
    stage.db.number("select count(*) from outbox_message").await
}

#[tokio::test]
async fn an_order_is_started_with_its_five_pointers_and_its_event_published() {
    let stage = Stage::placed(1).await;
    let server = MockServer::start().await;
    let key = format!("ORDER:acme:{}", stage.order_id);
    let order_id = json!({"value": stage.order_id, "type": "String"});
    Mock::given(path(START))
        .and(body_partial_json(json!({"businessKey": key, "variables": {"orderId": order_id}})))
        .respond_with(started("p-1"))
        .expect(1)
        .mount(&server)
        .await;
    let deps = deps(&stage, &server.uri()).await;

    let summary = round(&deps).await;

    assert_eq!((summary.claimed, summary.started, summary.published), (2, 1, 1));
    let sent: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    let names: Vec<&String> = sent["variables"].as_object().unwrap().keys().collect();
    let pointers = ["correlationId", "orderId", "orderVersion", "tenantId", "workflowRunId"];
    assert_eq!(names, pointers);
    let running = "select process_instance_id from workflow_correlation where status = 'RUNNING'";
    assert_eq!(stage.db.text(running).await.as_deref(), Some("p-1"));
    assert_eq!(deps.events.kept()[0].event_type, "OrderCreated");
    assert_eq!(owed(&stage).await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_lost_answer_is_not_asked_for_before_the_engine_is_quiet() {
    let stage = Stage::placed(1).await;
    let server = MockServer::start().await;
    let cut_off = |_: &wiremock::Request| std::io::Error::from(ErrorKind::ConnectionReset);
    let lost = Mock::given(method("POST")).and(path(START)).respond_with_err(cut_off);
    lost.expect(1).mount(&server).await;
    history(&server, json!([instance("p-1", "ACTIVE")]), 1).await;
    let deps = deps(&stage, &server.uri()).await;

    let lost = round(&deps).await;
    stage.advance(SignedDuration::from_secs(9));
    let too_early = round(&deps).await;
    stage.advance(SignedDuration::from_secs(30));
    let asked = round(&deps).await;

    assert_eq!((lost.started, lost.rescheduled), (0, 1));
    assert_eq!(too_early.claimed, 0);
    assert_eq!((asked.started, asked.moot), (0, 1));
    let running = "select process_instance_id from workflow_correlation where status = 'RUNNING'";
    assert_eq!(stage.db.text(running).await.as_deref(), Some("p-1"));
    stage.db.finish().await;
}

#[tokio::test]
async fn two_relays_at_once_deliver_each_row_once() {
    let stage = Stage::placed(1).await;
    let intake = stage.db.store("oms_order_intake").await;
    for _ in 0..19 {
        place_order(&intake, &stage.tenant, &order_draft(&["ROUTER_RENTAL"])).await;
    }
    let server = MockServer::start().await;
    answer(&server, START, started("p"), 20).await;
    let (one, other) = (deps(&stage, &server.uri()).await, deps(&stage, &server.uri()).await);

    let (first, second) = tokio::join!(round(&one), round(&other));

    let put_off = "select string_agg(last_error, '; ') from outbox_message";
    assert_eq!(stage.db.text(put_off).await, None, "{first:?} {second:?}");
    assert_eq!(first.started + second.started, 20);
    assert_eq!(first.published + second.published, 20);
    assert_eq!(owed(&stage).await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn engine_deliveries_that_hold_every_connection_go_on_while_the_relay_waits_for_one() {
    let stage = Stage::placed(1).await;
    let intake = stage.db.store("oms_order_intake").await;
    for _ in 1..policy::PARALLEL_ENGINE {
        place_order(&intake, &stage.tenant, &order_draft(&["ROUTER_RENTAL"])).await;
    }
    let server = MockServer::start().await;
    answer(&server, START, started("p"), 8).await;
    let deps = deps(&stage, &server.uri()).await;
    let waiting = "select count(*) from pg_locks where not granted and relation = 'workflow_correlation'::regclass";

    stage.db.execute("begin; lock table workflow_correlation in access exclusive mode").await;
    let end = Deadline::after(policy::MARGIN + policy::ROUND_PATIENCE * 6);
    let a_round_and_a_half = tokio::time::Instant::now() + policy::ROUND_PATIENCE * 3 / 2;
    let hold = async {
        while stage.db.number(waiting).await < 4 {}
        tokio::time::sleep_until(a_round_and_a_half).await;
        stage.db.execute("commit").await;
    };
    let (summary, ()) = tokio::join!(handler::run(&deps, "run", end), hold);

    let summary = summary.unwrap();
    assert_eq!((summary.started, summary.published), (8, 8), "{summary:?}");
    assert_eq!(owed(&stage).await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn events_of_one_order_keep_their_order_through_a_refusal() {
    let stage = silent_stage().await;
    for name in ["First", "Second", "Third"] {
        owe_event(&stage, name).await;
    }
    let deps = deps(&stage, "http://127.0.0.1:9").await;
    let refusal = SinkRefusal { is_permanent: false, reason: "ThrottlingException".to_owned() };
    deps.events.refuse_next(refusal);

    let refused = round(&deps).await;
    for _ in 0..3 {
        stage.advance(SignedDuration::from_secs(1));
        let _ = round(&deps).await;
    }

    assert_eq!((refused.claimed, refused.published, refused.rescheduled), (1, 0, 1));
    let events = deps.events.kept();
    let names: Vec<&str> = events.iter().map(|x| x.event_type.as_str()).collect();
    assert_eq!(names, ["First", "Second", "Third"]);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_dispatched_step_remembers_when_and_carries_the_orders_trace() {
    let stage = Stage::placed(3).await;
    stage.release().await;
    stage.db.execute("delete from outbox_message where kind <> 'STEP_DISPATCH'").await;
    let deps = deps(&stage, "http://127.0.0.1:9").await;

    let summary = round(&deps).await;

    assert_eq!(summary.dispatched, 3);
    let steps = deps.steps.kept();
    let body: Value = serde_json::from_str(&steps[0].body).unwrap();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["correlationId", "fulfillmentStepId", "orderId", "tenantId"]);
    let trace = body["correlationId"].as_str().unwrap().replace('-', "");
    assert!(steps[0].traceparent.starts_with(&format!("00-{trace}-")));
    let parsed = steps[0].traceparent.parse::<lambda_support::correlation::TraceParent>();
    assert!(parsed.is_ok());
    let marked = "select count(*) from fulfillment_step where dispatched_at is not null";
    assert_eq!(stage.db.number(marked).await, 3);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_dispatch_is_not_repeated_when_its_step_was_taken_up_already() {
    let stage = Stage::placed(2).await;
    stage.release().await;
    // The queue had both, and its answers were lost; one step was taken up since.
    let lost = "delete from outbox_message where kind <> 'STEP_DISPATCH';
        update outbox_message set attempt_count = 1";
    stage.db.execute(lost).await;
    let taken_up = "update fulfillment_step set status = 'COMPLETED'
        where id = (select id from fulfillment_step where status = 'READY' limit 1)";
    stage.db.execute(taken_up).await;
    let deps = deps(&stage, "http://127.0.0.1:9").await;

    let summary = round(&deps).await;

    assert_eq!((summary.claimed, summary.moot, summary.dispatched), (2, 1, 1));
    assert_eq!(deps.steps.kept().len(), 1);
    assert_eq!(owed(&stage).await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_round_costs_two_round_trips_and_an_empty_one_a_single_one() {
    let stage = Stage::placed(10).await;
    stage.release().await;
    stage.db.execute("delete from outbox_message where kind <> 'STEP_DISPATCH'").await;
    let store = stage.db.store("oms_outbox_relay").await;
    let deps = deps_of(&stage, store.clone(), "http://127.0.0.1:9").await;
    let mut costs = Vec::new();
    for expected in [10, 0] {
        let before = store.cost();
        assert_eq!(round(&deps).await.dispatched, expected);
        costs.push(store.cost().round_trips - before.round_trips);
    }

    assert_eq!(costs, [2, 1]);
    stage.db.finish().await;
}

/// How many round trips one round costs that finds so many of each: plans for an engine that is
/// down, events that are wrong for good, and events that the bus takes.
async fn cost_of_a_round(put_off: u32, buried: u32, published: u32) -> u64 {
    let stage = silent_stage().await;
    let event = json!({"kind": "DOMAIN_EVENT", "eventType": "Fact", "cloudEvent": {}});
    for number in 0..buried + published {
        let lane = format!("events:{number}");
        owe(&stage, ("DOMAIN_EVENT", &lane), event.clone()).await;
    }
    stage.db.execute("update outbox_message set attempt_count = 7").await;
    let plan = json!({"kind": "PLAN_COMPLETED", "fulfillmentPlanId": Uuid::nil()});
    for number in 0..put_off {
        let lane = format!("plan:{number}");
        owe(&stage, ("WORKFLOW_MESSAGE", &lane), plan.clone()).await;
    }
    let store = stage.db.store("oms_outbox_relay").await;
    let deps = deps_of(&stage, store.clone(), "http://127.0.0.1:9").await;
    for _ in 0..buried {
        let reason = "MalformedDetail".to_owned();
        deps.events.refuse_next(SinkRefusal { is_permanent: true, reason });
    }

    let before = store.cost();
    let summary = round(&deps).await;
    let cost = store.cost().round_trips - before.round_trips;

    assert_eq!(
        (summary.rescheduled, summary.dead, summary.published),
        (put_off, buried, published),
        "{summary:?}"
    );
    let kept =
        "select count(*) from outbox_message where leased_until is null and last_error is not null";
    assert_eq!(stage.db.number(kept).await, i64::from(put_off + buried));
    let dead = "select count(*) from outbox_message m join platform_incident i
        on i.cause = 'lane:' || m.lane where m.dead_at is not null";
    assert_eq!(stage.db.number(dead).await, i64::from(buried));
    stage.db.finish().await;
    cost
}

#[tokio::test]
async fn what_is_not_delivered_costs_a_round_one_round_trip_whatever_its_number() {
    assert_eq!(cost_of_a_round(1, 0, 0).await, 2);
    assert_eq!(cost_of_a_round(50, 0, 0).await, 2);
    assert_eq!(cost_of_a_round(0, 50, 0).await, 2);
    assert_eq!(cost_of_a_round(30, 20, 20).await, 4);
}

#[tokio::test]
async fn what_is_wrong_itself_is_buried_in_the_end_with_an_incident() {
    let stage = silent_stage().await;
    owe_event(&stage, "First").await;
    stage.db.execute("update outbox_message set attempt_count = 6").await;
    let deps = deps(&stage, "http://127.0.0.1:9").await;
    let refusal = SinkRefusal { is_permanent: true, reason: "MalformedDetail".to_owned() };
    deps.events.refuse_next(refusal.clone());
    deps.events.refuse_next(refusal);

    let seventh = round(&deps).await;
    stage.advance(SignedDuration::from_secs(60));
    let eighth = round(&deps).await;

    assert_eq!((seventh.rescheduled, seventh.dead), (1, 0));
    assert_eq!((eighth.rescheduled, eighth.dead), (0, 1));
    assert_eq!(owed(&stage).await, 1, "a dead row stays visible");
    assert_eq!(stage.db.number("select count(*) from platform_incident").await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn an_engine_that_is_down_buries_nothing() {
    let stage = silent_stage().await;
    owe_plan(&stage).await;
    stage.db.execute("update outbox_message set attempt_count = 50").await;

    let summary = round(&deps(&stage, "http://127.0.0.1:9").await).await;

    assert_eq!((summary.rescheduled, summary.dead), (1, 0));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_slow_engine_does_not_hold_up_events_and_the_rest_is_given_back() {
    let stage = Stage::placed(1).await;
    let intake = stage.db.store("oms_order_intake").await;
    for _ in 0..11 {
        place_order(&intake, &stage.tenant, &order_draft(&["ROUTER_RENTAL"])).await;
    }
    let server = MockServer::start().await;
    let slow = Mock::given(path_regex("start$"));
    slow.respond_with(started("p").set_delay(Duration::from_secs(60))).mount(&server).await;
    let http = lambda_support::http::client(Duration::from_secs(30)).unwrap();
    let settings = EngineSettings::parse(&format!("{}/engine-rest", server.uri())).unwrap();
    let store = stage.db.store("oms_outbox_relay").await;
    let engine = EngineClient::new(http, settings);
    let deps = Deps::new(store, engine, sinks()).with_clock(stage.clock());

    let end = Deadline::after(Duration::from_millis(4_500));
    let summary = handler::run(&deps, "run", end).await.unwrap();

    assert!(summary.deadline_reached);
    assert_eq!((summary.published, summary.started), (12, 0));
    assert_eq!(summary.rescheduled, 4, "eight calls were under way, the others were given back");
    assert_eq!(owed(&stage).await, 12);
    stage.db.finish().await;
}

/// Orders whose starts are owed and nothing else.
async fn owing_starts(orders: usize) -> Stage {
    let stage = Stage::placed(1).await;
    let intake = stage.db.store("oms_order_intake").await;
    for _ in 1..orders {
        place_order(&intake, &stage.tenant, &order_draft(&["ROUTER_RENTAL"])).await;
    }
    stage.db.execute("delete from outbox_message where kind <> 'WORKFLOW_START'").await;
    stage
}

/// A paused clock does not run ahead while a blocking task runs: only the test moves it.
fn hold_the_clock() -> std::sync::mpsc::Sender<()> {
    let (holder, held) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || held.recv());
    holder
}

async fn until_it_has_had(server: &MockServer, calls: usize) {
    while server.received_requests().await.unwrap().len() < calls {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_told_to_stop_gives_back_what_it_claimed() {
    let _held = hold_the_clock();
    let stage = owing_starts(policy::PARALLEL_ENGINE + 4).await;
    let server = MockServer::start().await;
    let hangs = started("p").set_delay(Duration::from_secs(600));
    Mock::given(path(START)).respond_with(hangs).mount(&server).await;
    let termination = Termination::new();
    let deps = deps(&stage, &server.uri()).await.ending_with(termination.clone());
    let given_back = "select count(*) from outbox_message where leased_until is null";

    let end = Deadline::after(Duration::from_secs(60));
    let stop = async {
        until_it_has_had(&server, policy::PARALLEL_ENGINE).await;
        termination.tell();
        // At once, without waiting for what is under way.
        while stage.db.number(given_back).await < 4 {}
        tokio::time::advance(policy::TO_FINISH).await;
    };
    let (summary, ()) = tokio::join!(handler::run(&deps, "run", end), stop);

    let summary = summary.unwrap();
    assert!(summary.was_told_to_stop && !summary.deadline_reached, "{summary:?}");
    assert_eq!((summary.claimed, summary.started, summary.rescheduled), (12, 0, 12));
    assert_eq!(stage.db.number(given_back).await, 12, "nobody waits for a lease");
    let doubted = format!(
        "select count(*) from outbox_message where last_error like 'cut off%'
           and available_at >= now() + interval '{} seconds'",
        policy::QUIET.as_secs() - 3
    );
    assert_eq!(stage.db.number(&doubted).await, 8, "a call under way may still be at work");
    stage.db.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_ends_soon_after_the_stop_is_written_down_as_delivered() {
    let _held = hold_the_clock();
    let stage = owing_starts(1).await;
    let server = MockServer::start().await;
    let termination = Termination::new();
    let told = termination.clone();
    let answers = move |_: &wiremock::Request| {
        told.tell();
        started("p-1")
    };
    Mock::given(path(START)).respond_with(answers).expect(1).mount(&server).await;
    let deps = deps(&stage, &server.uri()).await.ending_with(termination);

    let end = Deadline::after(Duration::from_secs(60));
    let summary = handler::run(&deps, "run", end).await.unwrap();

    assert!(summary.was_told_to_stop);
    assert_eq!((summary.started, summary.rescheduled), (1, 0), "{summary:?}");
    assert_eq!(owed(&stage).await, 0);
    stage.db.finish().await;
}
