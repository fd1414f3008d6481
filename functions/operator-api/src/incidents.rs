//! Incidents: what engineering has to mend, how many steps wait for it, and that it is mended.
//!
//! Safe to run twice: a resolution is kept under the caller's `Idempotency-Key`.

use external_systems::digest::of_json;
use lambda_support::caller::{Caller, Role};
use lambda_support::cursor::{CursorScope, Position};
use lambda_support::idempotency_key::IdempotencyKey;
use lambda_support::list_parameters::{DEFAULT_LIMIT, code, each_once, invalid, limit};
use lambda_support::problem::{Problem, ProblemCode};
use order_domain::ids::IncidentId;
use order_store::commands::{
    IncidentResolved, ResolveIncident, ResolveIncidentOutcome, resolve_incident,
};
use order_store::read_model::{IncidentFilter, IncidentPosition, IncidentView, list_incidents};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::handler::{Deps, begin, context_of};
use crate::problem::{already_resolved, check_note, check_reason_code, not_found};
use crate::responses::ListLinks;

/// What a token must be issued for to see incidents.
pub(crate) const SCOPE_READ: &str = "incidents:read";
/// What a token must be issued for to resolve one.
pub(crate) const SCOPE_WRITE: &str = "incidents:write";
const LIST: &str = "oms/incidents/cursor/v1";

/// The parameters of `GET /incidents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListIncidents {
    status: Option<bool>,
    kind: Option<String>,
    system: Option<String>,
    limit: u16,
    cursor: Option<String>,
}

impl ListIncidents {
    /// Reads decoded parameters; unknown and repeated ones are refused.
    pub(crate) fn parse(parameters: &[(String, String)]) -> Result<Self, Problem> {
        each_once(parameters)?;
        let mut list =
            Self { status: None, kind: None, system: None, limit: DEFAULT_LIMIT, cursor: None };
        for (name, value) in parameters {
            match name.as_str() {
                "status" => list.status = Some(status(value)?),
                "kind" => list.kind = Some(code("kind", value)?),
                "system" => list.system = Some(code("system", value)?),
                "limit" => list.limit = limit(value)?,
                "cursor" => list.cursor = Some(value.clone()),
                _ => {
                    let known = "known are status, kind, system, limit and cursor";
                    return Err(invalid("query", known));
                }
            }
        }
        Ok(list)
    }

    /// The filter in one spelling: as it stands in links, and what cursors are bound to.
    fn filter(&self) -> String {
        let status = self.status.map(|open| if open { "open" } else { "resolved" });
        let text = |name: &str, value: Option<&str>| {
            value.map(|value| format!("&{name}={value}")).unwrap_or_default()
        };
        text("status", status)
            + &text("kind", self.kind.as_deref())
            + &text("system", self.system.as_deref())
    }
}

fn status(text: &str) -> Result<bool, Problem> {
    match text {
        "open" => Ok(true),
        "resolved" => Ok(false),
        _ => Err(invalid("status", "open or resolved")),
    }
}

/// `GET /incidents`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncidentList {
    open_count: u32,
    incidents: Vec<IncidentView>,
    links: ListLinks,
}

/// The body of `POST /incidents/{incidentId}/resolve`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Resolve {
    reason_code: String,
    note: Option<String>,
}

/// Who may see and resolve incidents.
pub(crate) fn allow(caller: &Caller, scope: &str) -> Result<(), Problem> {
    caller.require_scope(scope)?;
    caller.require_any_role(&[Role::PlatformOperator])
}

/// One page of the tenant's incidents, newest first.
pub(crate) async fn list(
    deps: &Deps,
    caller: &Caller,
    request: &ListIncidents,
) -> Result<IncidentList, Problem> {
    let bound = request.filter();
    let scope = CursorScope { list: LIST, tenant: &caller.tenant, filter: &bound };
    let after = deps.cursors.position(scope, request.cursor.as_deref()).await?;
    let filter = IncidentFilter {
        is_open: request.status,
        kind: request.kind.clone(),
        system: request.system.clone(),
        after: after.map(|x| IncidentPosition {
            first_seen_at: x.at,
            incident_id: IncidentId::from_uuid(x.id),
        }),
        limit: request.limit,
    };
    let tx = begin(deps, caller).await?;
    let page = list_incidents(tx, &filter).await.map_err(|error| Problem::of_store(&error))?;
    let last = page.next.map(|x| Position { at: x.first_seen_at, id: x.incident_id.as_uuid() });
    let link = |cursor| format!("/incidents?limit={}{bound}&cursor={cursor}", request.limit);
    let next = deps.cursors.next(scope, last).await?.map(link);
    let (open_count, incidents) = (page.open_count, page.incidents);
    Ok(IncidentList { open_count, incidents, links: ListLinks { next } })
}

/// Resolves an incident with a reason and lets go the steps that it holds.
pub(crate) async fn resolve(
    deps: &Deps,
    caller: &Caller,
    key: &IdempotencyKey,
    (incident_id, body): (IncidentId, Resolve),
) -> Result<IncidentResolved, Problem> {
    check_reason_code(&body.reason_code)?;
    check_note(body.note.as_deref())?;
    let content = json!({ "incidentId": incident_id, "reasonCode": body.reason_code,
        "note": body.note });
    let request = ResolveIncident {
        incident_id,
        reason_code: body.reason_code,
        note: body.note,
        fingerprint: of_json(&content),
    };
    let ctx = context_of(caller, Some(key));
    let tx = begin(deps, caller).await?;
    match resolve_incident(tx, &ctx, &request).await.map_err(|error| Problem::of_store(&error))? {
        ResolveIncidentOutcome::Resolved(resolved) => Ok(resolved),
        ResolveIncidentOutcome::KeyReused => Err(Problem::new(ProblemCode::IdempotencyKeyReused)),
        ResolveIncidentOutcome::AlreadyResolved => Err(already_resolved()),
        ResolveIncidentOutcome::NotFound => Err(not_found()),
        ResolveIncidentOutcome::Busy => Err(Problem::unavailable()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<ListIncidents, Problem> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ListIncidents::parse(&pairs.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_filter_has_one_spelling_whatever_the_order_of_its_parameters() {
        let one = parse(&[("system", "BILLING"), ("status", "open")]).unwrap();
        let other = parse(&[("status", "open"), ("system", "BILLING")]).unwrap();

        assert_eq!(one.filter(), "&status=open&system=BILLING");
        assert_eq!(one.filter(), other.filter());
    }

    #[test]
    fn what_cannot_be_understood_is_refused_by_name() {
        for (pairs, pointer) in [
            (&[("status", "OPEN")][..], "status"),
            (&[("kind", "step held")], "kind"),
            (&[("system", "")], "system"),
            (&[("limit", "0")], "limit"),
            (&[("severity", "MAJOR")], "query"),
            (&[("kind", "A"), ("kind", "A")], "query"),
        ] {
            let problem = parse(pairs).expect_err("not understandable");
            assert_eq!(problem.errors()[0].pointer, pointer, "{pairs:?}");
        }
    }
}
