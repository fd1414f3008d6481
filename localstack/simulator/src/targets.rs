//! The server side of the target system contract: submit and query.

use axum::Json;
use axum::extract::{ConnectInfo, OriginalUri, Path, State};
use axum::response::{IntoResponse, Response};
use external_systems::wire::RequestStatus;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::app::{App, Shared};
use crate::behaviour::Mode;
use crate::fault::{Arrival, Fault, Place, answer};
use crate::journal::JournalLost;
use crate::record::{Record, Resubmitted, Settled, SubmitBody, Submitted};
use crate::refusal::Refusal;
use crate::system::{System, UnknownSystem};
use crate::wire::Switch;
use crate::work;
use crate::world::{Request, World};

type SubmitJson = Result<Json<SubmitBody>, axum::extract::rejection::JsonRejection>;

/// What becomes of a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// The request is known already, and the system recognises it.
    Known,
    /// There is work to do.
    Work { mode: Mode, is_early: bool },
    /// There is the same work to do once more.
    WorkAgain { mode: Mode },
}

/// `POST /{system}/requests`.
///
/// The same request id has one effect: a second submit is answered 409 and changes nothing,
/// unless the system was told not to recognise request ids.
pub(crate) async fn submit(
    State(app): State<Shared>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    (Path(system), OriginalUri(path)): (Path<String>, OriginalUri),
    headers: HeaderMap,
    body: SubmitJson,
) -> Result<Response, Refusal> {
    let system = target(&system)?;
    let body = checked(&headers, body)?;
    let subject = body.request_id.to_string();
    let operation = Some(body.operation.as_str());
    let arrival = Arrival { system, operation, place: Place::Submit, subject: &subject };
    let Some(fault) = app.fault(arrival).await? else {
        return take_up(&app, system, body).await;
    };
    if let Some(answer) = answer::instead(&fault, &path, &switch).await {
        return Ok(answer);
    }
    Ok(answer::after(&fault, take_up(&app, system, body).await?, &switch).await)
}

fn checked(headers: &HeaderMap, body: SubmitJson) -> Result<SubmitBody, Refusal> {
    let Json(body) = body.map_err(|rejection| Refusal::bad_request(rejection.body_text()))?;
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    if key == Some(&format!("\"{}\"", body.request_id)) {
        Ok(body)
    } else {
        Err(Refusal::bad_request("Idempotency-Key is not the quoted requestId"))
    }
}

async fn take_up(app: &Shared, system: System, body: SubmitBody) -> Result<Response, Refusal> {
    let key = (system, body.request_id);
    let taken = app.commit(|world| take(world, system, body)).await?;
    let (reported, first_report) = oneshot::channel();
    let (done, outcome) = oneshot::channel();
    let mode = match taken {
        Taken::Known => {
            return Ok((StatusCode::CONFLICT, Json(json!({"requestId": key.1}))).into_response());
        }
        Taken::Work { mode, is_early } => {
            let reported = is_early.then_some(reported);
            spawn(app, work::run(app.clone(), key, reported), done);
            mode
        }
        Taken::WorkAgain { mode } => {
            drop(reported);
            spawn(app, work::run_again(app.clone(), key), done);
            mode
        }
    };
    // Both senders are dropped when there is nothing more to wait for.
    match mode {
        Mode::Sync => {
            let _ = outcome.await;
            Ok(sync_answer(app, system, key.1))
        }
        Mode::Async | Mode::Poll => {
            let _ = first_report.await;
            let reference = json!({"externalReference": reference(system, key.1)});
            Ok((StatusCode::ACCEPTED, Json(reference)).into_response())
        }
    }
}

/// A task of its own: the work goes on when the caller hangs up.
fn spawn(app: &App, job: impl Future<Output = ()> + Send + 'static, done: oneshot::Sender<()>) {
    app.spawn(async move {
        job.await;
        drop(done);
    });
}

fn take(world: &World, system: System, body: SubmitBody) -> (Vec<Record>, Taken) {
    let request_id = body.request_id;
    let behaviour = world.behaviour(system, Some(&body.operation));
    if let Some(request) = world.requests.get(&(system, request_id)) {
        if behaviour.honours_request_ids {
            return (Vec::new(), Taken::Known);
        }
        let again = Record::Resubmitted(Resubmitted { system, request_id });
        return (vec![again], Taken::WorkAgain { mode: request.mode() });
    }
    let mut submitted = Submitted {
        system,
        behaviour,
        external_reference: reference(system, request_id),
        received_at: Timestamp::now(),
        callback_fault: None,
        request: body,
    };
    let mode = submitted.mode();
    let mut records = Vec::new();
    if mode == Mode::Async {
        let (operation, subject) = (&submitted.request.operation, request_id.to_string());
        let operation = Some(operation.as_str());
        let place = Place::Callback;
        (records, submitted.callback_fault) =
            world.faults.decide(&Arrival { system, operation, place, subject: &subject });
    }
    let is_early = submitted.callback_fault == Some(Fault::Early {});
    records.push(Record::Submitted(Box::new(submitted)));
    (records, Taken::Work { mode, is_early })
}

fn sync_answer(app: &App, system: System, request_id: Uuid) -> Response {
    let settled = app.read(|world| {
        world.requests.get(&(system, request_id)).and_then(|request| request.settled.clone())
    });
    let external_reference = reference(system, request_id);
    match settled {
        Some(Settled { status: RequestStatus::Completed, result, .. }) => {
            Json(json!({"externalReference": external_reference, "result": result})).into_response()
        }
        Some(Settled { reason_code, .. }) => {
            let body = json!({"externalReference": external_reference, "reasonCode": reason_code});
            (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// `GET /{system}/requests/{requestId}`; 404 proves that the request was never taken.
pub(crate) async fn query(
    State(app): State<Shared>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    OriginalUri(path): OriginalUri,
    Path((system, request_id)): Path<(String, Uuid)>,
) -> Result<Response, Refusal> {
    let system = target(&system)?;
    if !app.read(|world| world.behaviour(system, None).can_be_queried) {
        return Err(Refusal::method_not_allowed("this system cannot be queried"));
    }
    let fault = app.commit(|world| world.fault_of_query(&(system, request_id))).await?;
    let Some(fault) = fault else {
        return Ok(told(&app, system, request_id).await?);
    };
    if let Some(answer) = answer::instead(&fault, &path, &switch).await {
        return Ok(answer);
    }
    Ok(answer::after(&fault, told(&app, system, request_id).await?, &switch).await)
}

/// The true answer of a query.
async fn told(app: &App, system: System, request_id: Uuid) -> Result<Response, JournalLost> {
    // A commit of nothing: what is told must be on disk.
    let status = app
        .commit(|world| {
            let request = world.requests.get(&(system, request_id));
            (Vec::new(), request.map(|request| status_body(request, Timestamp::now())))
        })
        .await?;
    let absent = || Refusal::not_found("no such request").into_response();
    Ok(status.map_or_else(absent, |status| Json(status).into_response()))
}

fn status_body(request: &Request, now: Timestamp) -> Value {
    json!({
        "requestId": request.submitted.request.request_id,
        "externalReference": request.submitted.external_reference,
        "status": request.status(now),
        "result": request.settled.as_ref().map(|settled| &settled.result),
        "reasonCode": request.settled.as_ref().and_then(|settled| settled.reason_code.as_ref()),
    })
}

/// The system's own key of a request; derived, so that it needs no counter.
pub(crate) fn reference(system: System, request_id: Uuid) -> String {
    let id = request_id.simple().to_string();
    // The end of the id is its random part; the start is a time that neighbours share.
    format!("{}-{}", system.reference_names().0, id[20..].to_uppercase())
}

pub(crate) fn target(name: &str) -> Result<System, UnknownSystem> {
    name.parse::<System>().ok().filter(|system| system.is_target()).ok_or(UnknownSystem)
}
