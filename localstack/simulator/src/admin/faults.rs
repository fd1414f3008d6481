//! `/admin/faults`: setting faults, looking at their hits, and stopping them.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use super::{SystemPath, put};
use crate::app::Shared;
use crate::fault::{Listing, Plan};
use crate::record::{FaultsSet, Record};
use crate::refusal::Refusal;
use crate::system::System;

/// `PUT /admin/systems/{system}/faults[/{operation}]`: an array of plans, in place of those there.
pub(crate) async fn put_faults(
    State(app): State<Shared>,
    Path(path): Path<SystemPath>,
    Json(plans): Json<Vec<Plan>>,
) -> Result<StatusCode, Refusal> {
    let system: System = path.system.parse()?;
    for plan in &plans {
        plan.check(system).map_err(Refusal::unprocessable)?;
    }
    put(&app, Record::FaultsSet(FaultsSet { system, operation: path.operation, plans })).await
}

/// `GET /admin/faults`: all plans ever set, with their hits.
pub(crate) async fn faults(State(app): State<Shared>) -> Json<Listing> {
    Json(app.read(|world| world.faults.listing()))
}

/// `DELETE /admin/faults`: stops all, and shows what they did.
pub(crate) async fn stop_faults(State(app): State<Shared>) -> Result<Json<Listing>, Refusal> {
    put(&app, Record::FaultsStopped).await?;
    Ok(faults(State(app)).await)
}
