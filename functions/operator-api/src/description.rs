//! What this API is, in one entry per operation; from it the tests make `docs/openapi/`.
//!
//! Test code: a start pays nothing for it. A new route gets an entry in the file of its subject and
//! its name in [`api`]; whoever forgets is told by `every_route_is_described_and_nothing_else`.

use api_description::{Api, Codes, Link, Operation, Parameter, Patch, Refusal, Tag};
use lambda_support::caller::Role;
use lambda_support::problem::ProblemCode;
use order_domain::billing::BillingStatus;
use order_domain::fallout::FalloutResolution;
use order_domain::workflow::CorrelationStatus;
use serde_json::{Value, json};

mod bulk;
mod cases;
mod catalogues;
mod incidents;
mod orders;
mod reference;
mod target_systems;
pub(crate) mod tests;
mod worklist;

const TITLE: &str = "Order orchestration: the operators' API";
const ABOUT: &str = "\
Where an order is, why, and what happens next; what people do about fallout cases and incidents.

Every answer is about the tenant of the token; what belongs to another tenant looks like what does \
not exist. Refusals and failures are `application/problem+json` (RFC 9457): decide on `code`, which \
is never renamed, and quote `correlationId` when you ask us. `links` in bodies are paths below the \
API's base URL.

Unknown query parameters and unknown properties of bodies are refused; unknown properties of \
answers must be expected, because answers grow.

What changes something needs an `Idempotency-Key`, and where it is decided on a version, `If-Match`. \
The same key gives the same answer for good; a new intent needs a new key. 409 with `Retry-After` \
and 503 may be repeated with the same key.";

const ORDERS: &str = "Orders";
const CASES: &str = "Fallout cases";
const BULK: &str = "Bulk actions";
const INCIDENTS: &str = "Incidents";
const CATALOGUES: &str = "Catalogues";
const SYSTEMS: &str = "Target systems";
const REFERENCE: &str = "Reference";

/// The API: every operation in the order of reading.
pub(crate) fn api() -> Api {
    Api {
        title: TITLE,
        version: "1.0.0",
        description: ABOUT,
        tags: vec![
            Tag { name: ORDERS, description: "Which orders there are, and where one is." },
            Tag {
                name: CASES,
                description: "Business exceptions, and the actions that people take.",
            },
            Tag { name: BULK, description: "One action on many cases." },
            Tag { name: INCIDENTS, description: "What engineering has to mend." },
            Tag { name: CATALOGUES, description: "What products mean, version by version." },
            Tag { name: SYSTEMS, description: "Who does the work, and whether it is sent any." },
            Tag { name: REFERENCE, description: "This description." },
        ],
        operations: operations(),
        patches: patches(),
        codes: Codes::read(include_str!("../../../docs/ERROR-CODES.md")),
    }
}

fn operations() -> Vec<Operation> {
    vec![
        orders::list(),
        orders::show(),
        orders::explain(),
        orders::act(),
        worklist::cases(),
        worklist::signatures(),
        cases::show(),
        cases::act(),
        bulk::prepare(),
        bulk::list(),
        bulk::show(),
        bulk::items(),
        bulk::command(),
        incidents::list(),
        incidents::resolve(),
        catalogues::list(),
        catalogues::current(),
        catalogues::show(),
        catalogues::apply(),
        target_systems::list(),
        target_systems::hold(),
        target_systems::release(),
        reference::document(),
        reference::page(),
    ]
}

/// What the types cannot tell: bounds that are checked by hand, statuses that the store keeps as
/// text, and what a property of a body is for.
fn patches() -> Vec<Patch> {
    let patch = |component, pointer, keywords| Patch { component, pointer, keywords };
    let verdict = json!({"enum": ["APPLIED", "AWAITING_APPROVAL", "REFUSED"]});
    let subject = json!({"enum": ["ORDER", "LINE", "PLAN"]});
    let mut patches = vec![
        patch("OrderDocument", "/properties/processStatus", nullable(CorrelationStatus::ALL)),
        patch("LineView", "/properties/billingStatus", nullable(BillingStatus::ALL)),
        patch("CaseView", "/properties/resolution", nullable(FalloutResolution::ALL)),
        patch("ActionView", "/properties/verdict", verdict.clone()),
        patch("OrderActionView", "/properties/verdict", verdict),
        patch("TransitionView", "/properties/subjectType", subject),
    ];
    patches.extend(cases::patches());
    patches.extend(bulk::patches());
    patches.extend(incidents::patches());
    patches.extend(catalogues::patches());
    patches.extend(target_systems::patches());
    patches
}

fn code() -> Value {
    json!({"minLength": 1, "maxLength": 100, "pattern": "^[A-Z0-9_]+$"})
}

/// The texts of an enum.
fn texts<T: ToString>(all: &[T]) -> Value {
    all.iter().map(ToString::to_string).collect()
}

fn one_of<T: ToString>(all: &[T]) -> Value {
    json!({"type": "string", "enum": texts(all)})
}

fn nullable<T: ToString>(all: &[T]) -> Value {
    let mut values: Vec<Value> = all.iter().map(|x| json!(x.to_string())).collect();
    values.push(Value::Null);
    json!({"enum": values})
}

fn order_id() -> Parameter {
    Parameter::id("orderId", "018f3a5e-7b00-7a10-8000-000000000001").says("The order.")
}

/// The order that an expression names.
fn to_order(order: &'static str, description: &'static str) -> Link {
    let parameters = vec![("orderId", order)];
    Link { name: "showOrder", operation_id: "getOrder", parameters, description }
}

/// The case that two expressions name: its order and itself.
fn to_case((order, case): (&'static str, &'static str), description: &'static str) -> Link {
    let parameters = vec![("orderId", order), ("caseId", case)];
    Link { name: "showFalloutCase", operation_id: "getFalloutCase", parameters, description }
}

fn refusals(codes: &[ProblemCode]) -> Vec<Refusal> {
    codes.iter().copied().map(Refusal::from).collect()
}

/// How a key is refused, wherever one is needed.
fn keys() -> Vec<Refusal> {
    refusals(&[
        ProblemCode::IdempotencyKeyMissing,
        ProblemCode::IdempotencyKeyMalformed,
        ProblemCode::IdempotencyKeyReused,
    ])
}

/// Who may ask, by name.
fn names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

/// A filter by a name or a key as people write it.
fn text(name: &'static str, example: &str, about: &str) -> Parameter {
    let schema = json!({"type": "string", "minLength": 1, "maxLength": 200,
        "pattern": "^[^\\x00-\\x1F\\x7F-\\x9F]*$"});
    Parameter::query(name, schema, json!(example)).says(about)
}

/// A filter by a system or a kind.
fn name(name: &'static str, example: &str, about: &str) -> Parameter {
    let mut schema = code();
    schema["type"] = json!("string");
    Parameter::query(name, schema, json!(example)).says(about)
}

/// A filter that can only be set.
fn only_true(name: &'static str, about: &str) -> Parameter {
    Parameter::query(name, json!({"type": "boolean", "const": true}), json!(true)).says(about)
}

/// An example that is kept as a file.
fn example(text: &str) -> Value {
    serde_json::from_str(text).expect("an example is JSON")
}
