//! `GET /incidents` and `POST /incidents/{incidentId}/resolve`.

use api_description::{Link, Operation, Parameter, Patch, Refusal};
use http::StatusCode;
use lambda_support::caller::Role;
use order_store::commands::IncidentResolved;
use serde_json::json;

use super::{INCIDENTS, code, example, keys, name};
use crate::incidents::{IncidentList, Resolve, SCOPE_READ, SCOPE_WRITE};

const ROLES: &[&str] = &[Role::PlatformOperator.as_str()];

pub(super) fn list() -> Operation {
    let status = json!({"type": "string", "enum": ["open", "resolved"]});
    Operation::get("/incidents", "listIncidents")
        .says(
            (INCIDENTS, "List incidents"),
            "One page of the tenant's incidents, newest first, with how many are open and how many \
             steps each holds.",
        )
        .allows(SCOPE_READ, ROLES)
        .takes(Parameter::query("status", status, json!("open")).says("Only these."))
        .takes(name("kind", "STEP_HELD", "Only of this kind."))
        .takes(name("system", "LOGISTICS", "Only of this target system."))
        .pages()
        .answers::<IncidentList>(
            "The page. `openCount` counts open incidents of the kind and system on every page.",
            vec![("aPage", example(include_str!("examples/incident-list.json")))],
        )
        .leads_to(Link {
            name: "resolve",
            operation_id: "resolveIncident",
            parameters: vec![("incidentId", "$response.body#/incidents/0/incidentId")],
            description: "When it is mended.",
        })
}

pub(super) fn resolve() -> Operation {
    let id = Parameter::id("incidentId", "018f3a5e-7b00-7a10-8000-0000000000e1");
    let mended = json!({"reasonCode": "CREDENTIALS_RENEWED", "note": "The token had expired."});
    let already = Refusal {
        status: StatusCode::CONFLICT,
        code: "INCIDENT_RESOLVED",
        title: "The incident is resolved already.",
        detail: None,
    };
    Operation::post("/incidents/{incidentId}/resolve", "resolveIncident")
        .says(
            (INCIDENTS, "Resolve an incident"),
            "Says that it is mended; the steps that it holds are sent again.",
        )
        .allows(SCOPE_WRITE, ROLES)
        .takes(id.says("The incident."))
        .takes(Parameter::idempotency_key().required())
        .reads::<Resolve>(vec![("mended".to_owned(), "Why it is resolved".to_owned(), mended)])
        .refuses(keys())
        .refuses([already])
        .answers::<IncidentResolved>(
            "How many steps may be sent again.",
            vec![("resolved", example(include_str!("examples/incident-resolved.json")))],
        )
}

pub(super) fn patches() -> Vec<Patch> {
    let mut reason = code();
    reason["description"] = json!("Why, as a code of your own.");
    let note = json!({"description": "Why, in words.", "maxLength": 2000});
    [("/properties/reasonCode", reason), ("/properties/note", note)]
        .map(|(pointer, keywords)| Patch { component: "Resolve", pointer, keywords })
        .into()
}
