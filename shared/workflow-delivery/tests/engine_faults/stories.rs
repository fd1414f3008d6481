//! Who makes each call, and what follows when it fails once and the engine then recovers.
//!
//! Each story ends with the effect at the engine exactly once, whatever the engine had done when
//! the call failed, and says how many calls that took.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use camunda_client::{
    BpmnError, BusinessKey, EngineError, ExternalTask, FetchRequest, HistoricInstanceQuery,
    MessageCorrelation, Page, StartProcess, TaskFailure, Variables,
};
use jiff::SignedDuration;
use lambda_support::external_task_loop::{LoopEnd, LoopSettings, LoopSummary, TaskOutcome, run};
use lambda_support::termination::Termination;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;
use workflow_delivery::{DeliveryOutcome, PROCESS_KEY, QUIET};

use super::engine::{Engine, Strike, Task};
use super::table::{Call, Fault};
use crate::relay::Relay;

/// What every story needs: something that owes deliveries, and the HTTP client.
pub(super) struct Bench {
    /// For the calls that are deliveries.
    pub(super) relay: Option<Relay>,
    pub(super) http: reqwest::Client,
}

impl Bench {
    fn relay(&self) -> &Relay {
        self.relay.as_ref().expect("deliveries have a relay")
    }
}

/// The call by itself, to an engine that holds the task for this worker.
pub(super) async fn ask(engine: &Engine, call: Call) -> Result<(), EngineError> {
    let (client, task, worker) = (&engine.client, "task-1", "worker-1");
    let none = Variables::none();
    let key: BusinessKey = "ORDER:acme:01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
    match call {
        Call::Start => client.start_process(&StartProcess::new(PROCESS_KEY, key)).await.map(drop),
        Call::FetchAndLock => {
            let request = FetchRequest {
                worker_id: worker.to_owned(),
                topic_name: "t".to_owned(),
                variables: Vec::new(),
                max_tasks: 1,
                lock_duration: Duration::from_secs(30),
                long_poll: None,
            };
            client.fetch_and_lock(&request).await.map(drop)
        }
        Call::Complete => client.complete_task(task, worker, &none).await,
        Call::Failure => {
            let (message, details) = ("m".to_owned(), String::new());
            let retry_timeout = Duration::ZERO;
            let failure = TaskFailure { message, details, retries: 4, retry_timeout };
            client.report_failure(task, worker, &failure).await
        }
        Call::BpmnError => {
            let (code, message) = ("C".to_owned(), String::new());
            let error = BpmnError { code, message, variables: none };
            client.report_bpmn_error(task, worker, &error).await
        }
        Call::ExtendLock => client.extend_lock(task, worker, Duration::from_secs(30)).await,
        Call::Unlock => client.unlock_task(task).await,
        Call::Message => {
            let message = MessageCorrelation::to_order("FulfillmentPlanCompleted", key);
            client.correlate_message(&message).await.map(drop)
        }
        Call::Query => {
            let query = HistoricInstanceQuery::of_order(PROCESS_KEY, key);
            client.list_historic_instances(&query, Page::first(1)).await.map(drop)
        }
    }
}

/// What followed, in the words of the table.
pub(super) async fn tell(bench: &Bench, strike: Strike) -> String {
    match strike.call {
        Call::Start => started(bench, strike).await,
        Call::Query => asked(bench, strike).await,
        Call::Message => {
            let (plan, case) = (completed(bench, strike).await, opened(bench, strike).await);
            format!("plan: {plan}; case: {case}")
        }
        Call::FetchAndLock
        | Call::Complete
        | Call::Failure
        | Call::BpmnError
        | Call::ExtendLock
        | Call::Unlock => worked(bench, strike).await,
    }
}

fn times(calls: u64) -> String {
    if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") }
}

/// A start that fails is owed on; the next try asks before it starts.
async fn started(bench: &Bench, strike: Strike) -> String {
    let engine = Engine::start(&bench.http);
    owe_start(bench.relay()).await;
    engine.strike(strike).await;

    let message = bench.relay().claim().await;
    let first =
        bench.relay().deliver_with(&message, &engine.client, bench.relay().in_ten_seconds()).await;
    assert_put_off(&first, strike);
    engine.recover().await;
    let too_early =
        bench.relay().deliver_with(&message, &engine.client, bench.relay().in_ten_seconds()).await;
    assert!(matches!(too_early, DeliveryOutcome::PutOff { .. }), "{too_early:?}");
    assert_eq!(engine.calls(Call::Start.kind()), 1, "nothing is sent before the engine is quiet");
    bench.relay().advance(45);
    let second = deliver(bench.relay(), &engine).await;

    let adopted = if strike.is_done { DeliveryOutcome::Moot } else { DeliveryOutcome::Delivered };
    assert_eq!(second, adopted);
    assert_eq!(engine.count(Call::Start), 1, "one process, whatever was lost");
    assert_eq!(bench.relay().running_instance().await.as_deref(), Some("p"));
    let calls = engine.calls(Call::Start.kind());
    let how = if strike.is_done { "adopted" } else { "started after asking" };
    format!("{how}, {}", times(calls))
}

/// A start in doubt is asked for; while nobody answers, nothing is started.
async fn asked(bench: &Bench, strike: Strike) -> String {
    let engine = Engine::start(&bench.http);
    owe_start(bench.relay()).await;
    let lost = Strike { call: Call::Start, fault: Fault::Reset, is_done: strike.is_done };
    engine.strike(lost).await;
    let _ = deliver(bench.relay(), &engine).await;
    bench.relay().advance(45);
    engine.strike(strike).await;

    let unanswered = deliver(bench.relay(), &engine).await;
    assert!(matches!(unanswered, DeliveryOutcome::PutOff { .. }), "{unanswered:?}");
    assert_eq!(engine.calls(Call::Start.kind()), 1, "nothing is started without an answer");
    engine.recover().await;
    bench.relay().advance(45);
    let answered = deliver(bench.relay(), &engine).await;

    assert!(answered.is_done(), "{answered:?}");
    assert_eq!(engine.count(Call::Start), 1);
    assert_eq!(bench.relay().running_instance().await.as_deref(), Some("p"));
    let (calls, starts) = (engine.calls(Call::Query.kind()), engine.calls(Call::Start.kind()));
    format!("nothing started meanwhile, {}, starts: {starts}", times(calls))
}

/// The wait takes its message once, so that it is repeated; who finds nobody asks history.
async fn completed(bench: &Bench, strike: Strike) -> String {
    let payload = json!({"kind": "PLAN_COMPLETED", "fulfillmentPlanId": Uuid::nil()});
    bench.relay().owe_only(("WORKFLOW_MESSAGE", "plan:one"), payload).await;
    told_once(bench, strike).await
}

/// The subscription stays: what may have been taken is asked for before it is told again.
async fn opened(bench: &Bench, strike: Strike) -> String {
    let payload = json!({"kind": "FALLOUT_OPENED", "falloutCaseId": Uuid::nil()});
    bench.relay().owe_only(("WORKFLOW_MESSAGE", "case:one"), payload).await;
    told_once(bench, strike).await
}

async fn told_once(bench: &Bench, strike: Strike) -> String {
    let engine = Engine::start(&bench.http);
    engine.strike(strike).await;
    let mut last = deliver(bench.relay(), &engine).await;
    engine.recover().await;
    let mut how = "within one delivery";
    if !last.is_done() {
        assert_put_off(&last, strike);
        how = "by the next delivery";
        bench.relay().advance(45);
        last = deliver(bench.relay(), &engine).await;
    }

    let heard = if strike.is_done { DeliveryOutcome::Moot } else { DeliveryOutcome::Delivered };
    assert_eq!(last, heard);
    assert_eq!(engine.count(Call::Message), 1, "told once, whatever was lost");
    let calls = engine.calls(Call::Message.kind());
    format!("{how}, {}", times(calls))
}

async fn owe_start(relay: &Relay) {
    let payload =
        json!({"kind": "WORKFLOW_START", "orderVersion": 1, "correlationId": Uuid::nil()});
    relay.owe_only(("WORKFLOW_START", "start:one"), payload).await;
}

async fn deliver(relay: &Relay, engine: &Engine) -> DeliveryOutcome {
    relay.deliver_next(&engine.client).await
}

/// Never given up, and asked no sooner than a lost call is over.
fn assert_put_off(outcome: &DeliveryOutcome, strike: Strike) {
    let DeliveryOutcome::PutOff { least, .. } = outcome else { panic!("{outcome:?}") };
    let is_lost = strike.fault.can_have_been_done();
    let quiet = if is_lost { QUIET } else { SignedDuration::ZERO };
    assert_eq!(*least, quiet);
}

/// A topic function whose call fails once; then the lock runs out, and the function runs again.
async fn worked(bench: &Bench, strike: Strike) -> String {
    let engine = Engine::start(&bench.http);
    let termination = Termination::new();
    let settings = LoopSettings::new("order-decompose", "t").draining();
    let extending = LoopSettings { extend_after: Duration::from_millis(20), ..settings.clone() };
    let of_first = if strike.call == Call::ExtendLock { &extending } else { &settings };
    if strike.call == Call::FetchAndLock {
        engine.strike(strike).await;
    }
    let work = |task: ExternalTask| first_time(&engine, &termination, strike, task);
    let end = in_a_minute().or_when(termination.signal());
    let first = run(&engine.client, of_first, end, work).await;

    let did = reported(&first, engine.state().task);
    let calls = match strike.call {
        Call::ExtendLock => "goes on extending".to_owned(),
        call => times(engine.calls(call.kind())),
    };
    let retries = engine.state().retries;
    assert!(retries.is_none_or(|x| x == 4), "a repeat costs no second retry");
    engine.recover().await;
    let complete = |_| async { TaskOutcome::complete() };
    let second = run(&engine.client, &settings, in_a_minute(), complete).await.unwrap();

    let ended = engine.count(Call::Complete) + engine.count(Call::BpmnError);
    assert_eq!(engine.state().task, Task::Ended, "nothing is lost");
    assert_eq!(ended, 1, "nothing is done twice");
    let then = if second.completed == 1 { "handed out again" } else { "not handed out again" };
    format!("{did}, {calls}, {then}")
}

fn in_a_minute() -> LoopEnd {
    LoopEnd::from(Instant::now() + Duration::from_secs(60))
}

/// What the function does with the task that it was handed first.
async fn first_time(
    engine: &Engine,
    termination: &Termination,
    strike: Strike,
    task: ExternalTask,
) -> TaskOutcome {
    if strike.call != Call::FetchAndLock {
        engine.strike(strike).await;
    }
    match strike.call {
        Call::Complete | Call::FetchAndLock => TaskOutcome::complete(),
        Call::Failure => TaskOutcome::retry(&task, "not now"),
        Call::BpmnError => {
            let (code, message) = ("ORDER_NOT_DECOMPOSABLE".to_owned(), String::new());
            TaskOutcome::BpmnError { code, message, variables: Variables::none() }
        }
        Call::ExtendLock => {
            let mut look = tokio::time::interval(Duration::from_millis(5));
            while engine.calls(Call::ExtendLock.kind()) < 2 {
                look.tick().await;
            }
            engine.lift().await;
            TaskOutcome::complete()
        }
        Call::Unlock => {
            termination.tell();
            let never: Infallible = pending().await;
            match never {}
        }
        Call::Start | Call::Message | Call::Query => unreachable!("no call of a topic function"),
    }
}

fn reported(first: &Result<LoopSummary, EngineError>, task: Task) -> &'static str {
    match first {
        Err(_) => "the run ends with the error",
        Ok(x) if x.completed + x.bpmn_errors + x.failures == 1 => "reported",
        Ok(x) if x.gone == 1 => "found to be reported",
        Ok(x) if x.unreported == 1 => "left to its lock",
        Ok(x) if x.unlocked + x.abandoned == 1 && task == Task::Waiting => "given back",
        Ok(x) if x.unlocked + x.abandoned == 1 => "left to its lock",
        Ok(x) => panic!("{x:?}"),
    }
}
