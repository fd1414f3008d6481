//! `GET /target-systems`, and what people ask of one.

use api_description::{Link, Operation, Parameter, Patch, Refusal};
use order_domain::circuit::CircuitRejection;
use order_domain::circuit::policy::HIGHEST_DRAIN_RATE;
use order_store::commands::CircuitChanged;
use serde_json::json;

use super::{SYSTEMS, code, example, keys, names};
use crate::target_systems::{
    HOLDERS, HoldBody, READERS, ReleaseBody, SCOPE_READ, SCOPE_WRITE, TargetSystemList, status_of,
};

pub(super) fn list() -> Operation {
    Operation::get("/target-systems", "listTargetSystems")
        .says(
            (SYSTEMS, "List target systems"),
            "Every target system of the tenant by name: whether it is sent anything, since when \
             steps wait for it and why, when it is tried again, and how many wait.",
        )
        .allows(SCOPE_READ, &names(READERS))
        .answers::<TargetSystemList>(
            "The systems.",
            vec![("oneIsHeld", example(include_str!("examples/target-systems.json")))],
        )
        .leads_to(Link {
            name: "hold",
            operation_id: "holdTargetSystem",
            parameters: vec![("system", "$response.body#/targetSystems/0/system")],
            description: "Before its maintenance begins.",
        })
}

pub(super) fn hold() -> Operation {
    let body = json!({"reasonCode": "MAINTENANCE", "note": "New firmware.",
        "endsAt": "2026-03-02T12:00:00Z"});
    asked("/target-systems/{system}/hold", "holdTargetSystem")
        .says(
            (SYSTEMS, "Hold a target system"),
            "From now on it is sent nothing: its steps wait and use up no attempt. The hold ends \
             by itself, at most seven days ahead, with one step that tries the system. Of two \
             holds the later end wins.",
        )
        .reads::<HoldBody>(vec![("forMaintenance".to_owned(), "Until noon".to_owned(), body)])
        .refuses(
            [CircuitRejection::HoldEndsInThePast, CircuitRejection::HoldIsTooLong].map(refusal),
        )
        .answers::<CircuitChanged>(
            "The circuit as it is now; `endsAt` may be later than asked for.",
            vec![("held", example(include_str!("examples/system-held.json")))],
        )
}

pub(super) fn release() -> Operation {
    let body = json!({"reasonCode": "MAINTENANCE_DONE", "drainRatePerMinute": 30});
    asked("/target-systems/{system}/release", "releaseTargetSystem")
        .says(
            (SYSTEMS, "Release a target system"),
            "What waits is sent again, one after the other, at the rate that is asked for; 60 a \
             minute unless said otherwise. Also for a system that its failures put out of service.",
        )
        .reads::<ReleaseBody>(vec![("slowly".to_owned(), "Every two seconds".to_owned(), body)])
        .refuses([refusal(CircuitRejection::CircuitNotOpen)])
        .answers::<CircuitChanged>(
            "The circuit as it is now.",
            vec![("draining", example(include_str!("examples/system-released.json")))],
        )
}

fn asked(path: &'static str, id: &'static str) -> Operation {
    let mut schema = code();
    schema["type"] = json!("string");
    Operation::post(path, id)
        .allows(SCOPE_WRITE, &names(HOLDERS))
        .takes(Parameter::path("system", schema, json!("LOGISTICS")).says("The system."))
        .takes(Parameter::idempotency_key().required())
        .refuses(keys())
}

fn refusal(rejection: CircuitRejection) -> Refusal {
    Refusal {
        status: status_of(rejection),
        code: rejection.code(),
        title: rejection.sentence(),
        detail: None,
    }
}

pub(super) fn patches() -> Vec<Patch> {
    let mut reason = code();
    reason["description"] = json!("Why, as a code of your own.");
    let note = json!({"description": "Why, in words.", "maxLength": 2000});
    let ends_at = json!({"description": "When the hold ends by itself, at most seven days ahead."});
    let rate = json!({"description": "Steps sent in a minute; 60 unless said otherwise.",
        "minimum": 1, "maximum": HIGHEST_DRAIN_RATE});
    let patch = |component, pointer, keywords| Patch { component, pointer, keywords };
    vec![
        patch("HoldBody", "/properties/reasonCode", reason.clone()),
        patch("HoldBody", "/properties/note", note.clone()),
        patch("HoldBody", "/properties/endsAt", ends_at),
        patch("ReleaseBody", "/properties/reasonCode", reason),
        patch("ReleaseBody", "/properties/note", note),
        patch("ReleaseBody", "/properties/drainRatePerMinute", rate),
    ]
}
