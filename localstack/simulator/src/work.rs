//! The work behind a request: wait, take effect once, settle, report.

use std::time::Duration;

use external_systems::wire::RequestStatus;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::app::{Shared, pause};
use crate::behaviour::{Mode, Outcome};
use crate::delivery;
use crate::fault::Fault;
use crate::journal::JournalLost;
use crate::record::{Effect, Record, Settled, SubmitBody};
use crate::world::{Request, RequestKey, World};

/// The name of a payload entry that asks for a rejection; its text is the reason code.
const REJECTION_MARKER: &str = "simulateRejection";

/// Carries a request through to its end; also after a restart, from wherever it stood.
///
/// `reported` hears of the first attempt of the callback.
pub(crate) async fn run(app: Shared, key: RequestKey, reported: Option<oneshot::Sender<()>>) {
    if work(&app, key).await.is_ok() {
        delivery::deliver(&app, key, reported).await;
    }
}

/// The work of a request that was taken again; its outcome is reported once, by the first run.
pub(crate) async fn run_again(app: Shared, key: RequestKey) {
    // Lost with the journal: the next start finds that an effect is missing.
    let _ = work(&app, key).await;
}

/// Nothing may be told that is not on disk: after an error, the next start goes on from here.
async fn work(app: &Shared, key: RequestKey) -> Result<(), JournalLost> {
    let now = Timestamp::now();
    let wait = app.read(|world| world.requests.get(&key).and_then(|request| due_in(request, now)));
    if let Some(wait) = wait {
        pause(wait).await;
    }
    app.commit(|world| (settle(world, key), ())).await
}

/// Time until the work is done; none when it is settled already.
fn due_in(request: &Request, now: Timestamp) -> Option<Duration> {
    if request.settled.is_some() {
        return None;
    }
    let age_ms = now.as_millisecond() - request.submitted.received_at.as_millisecond();
    let age_ms = u64::try_from(age_ms).unwrap_or(0);
    Some(Duration::from_millis(request.submitted.behaviour.latency_ms.saturating_sub(age_ms)))
}

/// Effect and outcome in one write, so that neither exists without the other.
///
/// Effects are counted, not implied: a request that was taken twice has two of them.
fn settle(world: &World, key: RequestKey) -> Vec<Record> {
    let (system, request_id) = key;
    let Some(request) = world.requests.get(&key) else { return Vec::new() };
    let at = Timestamp::now();
    let rejection = rejection(request);
    let effects = if rejection.is_none() { request.missing_effects() } else { 0 };
    let effect = Record::Effect(Effect { system, request_id, at });
    let mut records = vec![effect; effects];
    if request.settled.is_some() {
        return records;
    }
    records.push(Record::Settled(Settled {
        system,
        request_id,
        status: match rejection {
            None => RequestStatus::Completed,
            Some(_) => RequestStatus::Rejected,
        },
        result: if rejection.is_none() { result(request) } else { Map::new() },
        reason_code: rejection,
        callback_message_id: is_reported(request)
            .then(|| format!("msg_{}", Uuid::now_v7().simple())),
        at,
    }));
    records
}

fn is_reported(request: &Request) -> bool {
    let is_missing = request.submitted.callback_fault == Some(Fault::Missing {});
    request.mode() == Mode::Async && !is_missing
}

/// The reason to say no, from the payload's marker or from the behaviour.
fn rejection(request: &Request) -> Option<String> {
    let behaviour = &request.submitted.behaviour;
    marker(&request.submitted.request).or_else(|| match behaviour.outcome {
        Outcome::Completed => None,
        Outcome::Rejected => {
            let code = behaviour.reason_code.as_deref().unwrap_or("REJECTED_BY_TARGET");
            Some(code.to_owned())
        }
    })
}

/// Looks into the payload and one level below, for example into `characteristics`.
fn marker(request: &SubmitBody) -> Option<String> {
    let payload = &request.payload;
    let nested = payload.values().filter_map(|value| value.get(REJECTION_MARKER));
    let found = payload.get(REJECTION_MARKER).into_iter().chain(nested).find_map(Value::as_str);
    found.filter(|code| !code.is_empty()).map(str::to_owned)
}

/// What a completion hands back: flat, and the same for every delivery.
fn result(request: &Request) -> Map<String, Value> {
    let (_, id_name) = request.submitted.system.reference_names();
    let reference = Value::from(request.submitted.external_reference.as_str());
    let operation = Value::from(request.submitted.request.operation.as_str());
    [(id_name.to_owned(), reference), ("operation".to_owned(), operation)].into_iter().collect()
}
