//! Withdrawing a request; no fault strikes here, because orders do not use it yet.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use external_systems::wire::RequestStatus;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, json};
use uuid::Uuid;

use crate::app::Shared;
use crate::record::{Record, Settled};
use crate::refusal::Refusal;
use crate::system::System;
use crate::targets::{reference, target};
use crate::world::World;

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
