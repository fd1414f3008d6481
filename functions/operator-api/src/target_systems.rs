//! Target systems: whether they are sent anything, and people who hold and release them.
//!
//! Safe to run twice: what was asked for is kept under the caller's `Idempotency-Key`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request, State};
use external_systems::digest::of_json;
use http::StatusCode;
use jiff::Timestamp;
use lambda_support::caller::{Caller, Role};
use lambda_support::idempotency_key::IdempotencyKey;
use lambda_support::json_body::JsonBody;
use lambda_support::list_parameters::{code, invalid};
use lambda_support::problem::{Problem, ProblemCode};
use order_domain::circuit::{CircuitRejection, DrainRate};
use order_store::commands::{
    CircuitChanged, SystemOutcome, SystemRequest, hold_system, release_system,
};
use order_store::read_model::{TargetSystemView, list_systems};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::Instrument;

use crate::handler::{Deps, begin, context_of};
use crate::parameters::{Parameters, decoded};
use crate::problem::{check_note, check_reason_code, misfit, not_found};

/// What a token must be issued for to see target systems.
pub(crate) const SCOPE_READ: &str = "target-systems:read";
/// What a token must be issued for to hold and release them.
pub(crate) const SCOPE_WRITE: &str = "target-systems:write";
/// Who sees them: everybody whose orders wait.
pub(crate) const READERS: &[Role] = Role::ALL;
/// Who holds and releases them.
pub(crate) const HOLDERS: &[Role] = &[Role::OrderSupervisor, Role::PlatformOperator];

/// `GET /target-systems`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetSystemList {
    target_systems: Vec<TargetSystemView>,
}

/// The body of `POST /target-systems/{system}/hold`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HoldBody {
    reason_code: String,
    note: Option<String>,
    ends_at: Timestamp,
}

/// The body of `POST /target-systems/{system}/release`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReleaseBody {
    reason_code: String,
    note: Option<String>,
    drain_rate_per_minute: Option<u32>,
}

/// `GET /target-systems`.
pub(crate) async fn get_systems(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    query: Parameters,
) -> Result<Json<TargetSystemList>, Problem> {
    let span = tracing::info_span!("list_target_systems", tenant.id = caller.tenant.as_str());
    async {
        caller.require_scope(SCOPE_READ)?;
        caller.require_any_role(READERS)?;
        if !decoded(query)?.is_empty() {
            return Err(invalid("query", "this list takes no parameters"));
        }
        let tx = begin(&deps, &caller).await?;
        let target_systems = list_systems(tx).await.map_err(|error| Problem::of_store(&error))?;
        Ok(Json(TargetSystemList { target_systems }))
    }
    .instrument(span)
    .await
}

/// `POST /target-systems/{system}/hold`.
pub(crate) async fn hold(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<CircuitChanged>, Problem> {
    let span = tracing::info_span!("hold_system", tenant.id = caller.tenant.as_str());
    async {
        let (system, key) = asked(&caller, path, &request)?;
        let JsonBody(body) = JsonBody::<HoldBody>::from_request(request, &()).await?;
        let content = json!({"hold": system, "reasonCode": body.reason_code, "note": body.note,
            "endsAt": body.ends_at});
        let request = request_of(system, (body.reason_code, body.note), &content)?;
        let tx = begin(&deps, &caller).await?;
        let done =
            hold_system(tx, &context_of(&caller, Some(&key)), (&request, body.ends_at)).await;
        answer(done.map_err(|error| Problem::of_store(&error))?)
    }
    .instrument(span)
    .await
}

/// `POST /target-systems/{system}/release`.
pub(crate) async fn release(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<CircuitChanged>, Problem> {
    let span = tracing::info_span!("release_system", tenant.id = caller.tenant.as_str());
    async {
        let (system, key) = asked(&caller, path, &request)?;
        let JsonBody(body) = JsonBody::<ReleaseBody>::from_request(request, &()).await?;
        let rate = body.drain_rate_per_minute.map_or(Ok(DrainRate::DEFAULT), DrainRate::parse);
        let rate = rate.map_err(|x| misfit("/drainRatePerMinute", &x.to_string()))?;
        let content = json!({"release": system, "reasonCode": body.reason_code, "note": body.note,
            "drainRatePerMinute": body.drain_rate_per_minute});
        let request = request_of(system, (body.reason_code, body.note), &content)?;
        let tx = begin(&deps, &caller).await?;
        let done = release_system(tx, &context_of(&caller, Some(&key)), (&request, rate)).await;
        answer(done.map_err(|error| Problem::of_store(&error))?)
    }
    .instrument(span)
    .await
}

/// Who asks for what, before the body is read.
fn asked(
    caller: &Caller,
    path: Result<Path<String>, PathRejection>,
    request: &Request,
) -> Result<(String, IdempotencyKey), Problem> {
    caller.require_scope(SCOPE_WRITE)?;
    caller.require_any_role(HOLDERS)?;
    // What cannot be a system's name is no system.
    let system = path.ok().and_then(|Path(name)| code("system", &name).ok());
    let system = system.ok_or_else(not_found)?;
    Ok((system, IdempotencyKey::from_headers(request.headers())?))
}

fn request_of(
    system: String,
    (reason_code, note): (String, Option<String>),
    content: &Value,
) -> Result<SystemRequest, Problem> {
    check_reason_code(&reason_code)?;
    check_note(note.as_deref())?;
    Ok(SystemRequest { system, reason_code, note, fingerprint: of_json(content) })
}

fn answer(outcome: SystemOutcome) -> Result<Json<CircuitChanged>, Problem> {
    match outcome {
        SystemOutcome::Done(changed) => {
            let (system, status) = (changed.system.as_str(), changed.status.as_str());
            tracing::info!(target_system = system, status, "circuit changed by a person");
            Ok(Json(changed))
        }
        SystemOutcome::KeyReused => Err(Problem::new(ProblemCode::IdempotencyKeyReused)),
        SystemOutcome::Refused(rejection) => Err(refused(rejection)),
        SystemOutcome::NotFound => Err(not_found()),
        SystemOutcome::Busy => Err(Problem::unavailable()),
    }
}

fn refused(rejection: CircuitRejection) -> Problem {
    Problem::business(status_of(rejection), rejection.code(), rejection.sentence())
}

/// What stands in the way is a conflict, what cannot be at all is unprocessable.
pub(crate) const fn status_of(rejection: CircuitRejection) -> StatusCode {
    match rejection {
        CircuitRejection::CircuitNotOpen => StatusCode::CONFLICT,
        CircuitRejection::HoldEndsInThePast | CircuitRejection::HoldIsTooLong => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}
