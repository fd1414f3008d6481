//! The server side of the target system contract: submit, query, cancel.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use external_systems::wire::RequestStatus;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::app::{App, Shared};
use crate::behaviour::Mode;
use crate::record::{Record, Settled, SubmitBody, Submitted};
use crate::refusal::Refusal;
use crate::system::{System, UnknownSystem};
use crate::work;
use crate::world::{Request, World};

/// `POST /{system}/requests`.
///
/// The same request id has one effect: a second submit is answered 409 and changes nothing.
pub(crate) async fn submit(
    State(app): State<Shared>,
    Path(system): Path<String>,
    headers: HeaderMap,
    body: Result<Json<SubmitBody>, axum::extract::rejection::JsonRejection>,
) -> Result<Response, Refusal> {
    let system = target(&system)?;
    let Json(body) = body.map_err(|rejection| Refusal::bad_request(rejection.body_text()))?;
    let request_id = body.request_id;
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    if key != Some(&format!("\"{request_id}\"")) {
        return Err(Refusal::bad_request("Idempotency-Key is not the quoted requestId"));
    }
    let Some(mode) = app.commit(|world| take(world, system, body)).await? else {
        return Ok((StatusCode::CONFLICT, Json(json!({"requestId": request_id}))).into_response());
    };
    let job = work::run(app.clone(), (system, request_id));
    match mode {
        Mode::Sync => {
            // A task of its own: the work goes on when the caller hangs up.
            let (done, outcome) = tokio::sync::oneshot::channel();
            app.spawn(async move {
                job.await;
                let _ = done.send(());
            });
            let _ = outcome.await;
            Ok(sync_answer(&app, system, request_id))
        }
        Mode::Async | Mode::Poll => {
            app.spawn(job);
            let reference = json!({"externalReference": reference(system, request_id)});
            Ok((StatusCode::ACCEPTED, Json(reference)).into_response())
        }
    }
}

/// `None`: the request is known already.
fn take(world: &World, system: System, body: SubmitBody) -> (Vec<Record>, Option<Mode>) {
    if world.requests.contains_key(&(system, body.request_id)) {
        return (Vec::new(), None);
    }
    let behaviour = world.behaviour(system, Some(&body.operation));
    let mode = if body.callback_url.is_none() && behaviour.mode == Mode::Async {
        Mode::Sync
    } else {
        behaviour.mode
    };
    let submitted = Submitted {
        system,
        behaviour,
        external_reference: reference(system, body.request_id),
        received_at: Timestamp::now(),
        request: body,
    };
    (vec![Record::Submitted(Box::new(submitted))], Some(mode))
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
    Path((system, request_id)): Path<(String, Uuid)>,
) -> Result<Json<Value>, Refusal> {
    let system = target(&system)?;
    // A commit of nothing: what is told must be on disk.
    let status = app
        .commit(|world| {
            let request = world.requests.get(&(system, request_id));
            (Vec::new(), request.map(|request| status_body(request, Timestamp::now())))
        })
        .await?;
    status.map(Json).ok_or_else(|| Refusal::not_found("no such request"))
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

/// `POST /{system}/requests/{requestId}/cancel`: possible until the work is done.
pub(crate) async fn cancel(
    State(app): State<Shared>,
    Path((system, request_id)): Path<(String, Uuid)>,
) -> Result<Response, Refusal> {
    let system = target(&system)?;
    let verdict = app.commit(|world| decide_cancel(world, system, request_id)).await?;
    let (status, reason_code) = verdict.ok_or_else(|| Refusal::not_found("no such request"))?;
    let body = json!({
        "externalReference": reference(system, request_id), "reasonCode": reason_code, "result": {}
    });
    Ok((status, Json(body)).into_response())
}

type CancelVerdict = Option<(StatusCode, Option<&'static str>)>;

fn decide_cancel(world: &World, system: System, request_id: Uuid) -> (Vec<Record>, CancelVerdict) {
    let Some(request) = world.requests.get(&(system, request_id)) else {
        return (Vec::new(), None);
    };
    let refused = |code| (Vec::new(), Some((StatusCode::UNPROCESSABLE_ENTITY, Some(code))));
    match request.settled.as_ref().map(|settled| settled.status) {
        Some(RequestStatus::Cancelled) => (Vec::new(), Some((StatusCode::CONFLICT, None))),
        Some(RequestStatus::Completed) => refused("ALREADY_COMPLETED"),
        Some(_) => refused("ALREADY_REJECTED"),
        None => {
            let settled = Settled {
                system,
                request_id,
                status: RequestStatus::Cancelled,
                reason_code: None,
                result: Map::new(),
                callback_message_id: None,
                at: Timestamp::now(),
            };
            (vec![Record::Settled(settled)], Some((StatusCode::OK, None)))
        }
    }
}

/// The system's own key of a request; derived, so that it needs no counter.
pub(crate) fn reference(system: System, request_id: Uuid) -> String {
    let id = request_id.simple().to_string();
    // The end of the id is its random part; the start is a time that neighbours share.
    format!("{}-{}", system.reference_names().0, id[20..].to_uppercase())
}

fn target(name: &str) -> Result<System, UnknownSystem> {
    name.parse::<System>().ok().filter(|system| system.is_target()).ok_or(UnknownSystem)
}
