//! What the sales system is told about `POST /orders/from-quote`: `docs/openapi/order-intake.json`.
//!
//! Test code, as in `operator-api`; a document of its own, because its readers are others.

use std::collections::BTreeSet;
use std::path::Path;

use api_description::{
    Api, Codes, Conformance, Operation, Parameter, Patch, Refusal as Described, Route, Tag,
    assert_checked_in, events_of, operations_of, spelled,
};
use lambda_support::problem::ProblemCode;
use order_domain::intake::IntakeRejection;
use serde_json::{Value, json};

use crate::answer::CreatedOrder;
use crate::problem::{Refusal, TITLE};
use crate::requests::FromQuote;
use crate::routes::SCOPE;

const TEMPLATE: &str = include_str!("../../../template.yaml");
const ORDERS: &str = "Orders";
const ABOUT: &str = "\
An accepted quote becomes an order. The body names the quote and nothing else: what was sold is read \
from the CPQ, so nobody can order what was not quoted.

Refusals and failures are `application/problem+json` (RFC 9457): decide on `code`, which is never \
renamed, and quote `correlationId` when you ask us. Unknown properties of the body are refused; \
unknown properties of answers must be expected, because answers grow.

One `Idempotency-Key` is one intent: repeats hear the same answer for good, word for word, also when \
it was a refusal. 409 `REQUEST_IN_PROGRESS` and 503 were not decided: repeat them after `Retry-After` \
with the same key. One quote revision has one live order, under whatever key.

Where the order is afterwards is told by the operators' API, which has a description of its own.";

pub(crate) fn api() -> Api {
    Api {
        title: "Order orchestration: order intake",
        version: "1.0.0",
        description: ABOUT,
        tags: vec![Tag { name: ORDERS, description: "From an accepted quote to an order." }],
        operations: vec![from_quote()],
        patches: patches(),
        codes: Codes::read(include_str!("../../../docs/ERROR-CODES.md")),
    }
}

fn from_quote() -> Operation {
    let reference = json!({"quoteId": "Q-1001", "revision": 3});
    let refused = [Refusal::quote_not_found(), Refusal::quote_invalid(&[])];
    let rejected = IntakeRejection::ALL.map(Refusal::rejected);
    let details = rejected.iter().zip(IntakeRejection::ALL).map(|(x, why)| (x, why.to_string()));
    let named = refused.iter().map(|x| (x, None));
    let named = named.chain(details.map(|(x, why)| (x, Some(why))));
    let refusals = named.map(|(refusal, detail)| Described {
        status: refusal.problem.status(),
        code: refusal.problem.code(),
        title: TITLE,
        detail,
    });
    Operation::post("/orders/from-quote", "createOrderFromQuote")
        .says(
            (ORDERS, "Order what was quoted"),
            "Reads the quote revision from the CPQ and makes an order of it: lines, event and \
             deliveries at once or not at all.",
        )
        .allows(SCOPE, &[])
        .takes(Parameter::idempotency_key().required())
        .reads::<FromQuote>(vec![(
            "aQuote".to_owned(),
            "The accepted revision".to_owned(),
            reference,
        )])
        .refuses(
            [
                ProblemCode::IdempotencyKeyMissing,
                ProblemCode::IdempotencyKeyMalformed,
                ProblemCode::IdempotencyKeyReused,
                ProblemCode::RequestInProgress,
            ]
            .map(Described::from),
        )
        .refuses(refusals)
        .answers::<CreatedOrder>("The order. `ETag` is its version.", vec![("created", created())])
        .creates()
        .with_header("ETag")
}

fn created() -> Value {
    let order = "018f3a5e-7b00-7a10-8000-000000000001";
    json!({"orderId": order, "orderNumber": "ORD-7K2M9QX4TB", "status": "CREATED", "version": 1,
        "correlationId": "018f3a5e-7c1d-7c52-9f0a-3d3f5b1c2a10",
        "links": {"order": format!("/orders/{order}")}})
}

/// What types cannot tell: bounds that are checked by hand, and what one refusal says besides.
fn patches() -> Vec<Patch> {
    let patch = |component, pointer, keywords| Patch { component, pointer, keywords };
    let quote_id = json!({"description": "The CPQ's key of the quote.", "minLength": 1,
        "maxLength": 128, "pattern": "^[^\\x00-\\x1F\\x7F-\\x9F]*$"});
    let revision = json!({"description": "The accepted revision.", "minimum": 1,
        "maximum": i32::MAX});
    let existing = json!({
        "orderId": {"type": "string", "format": "uuid",
            "description": "`ORDER_EXISTS_FOR_QUOTE_REVISION`: the order that exists."},
        "links": {"$ref": "#/components/schemas/OrderLinks",
            "description": "`ORDER_EXISTS_FOR_QUOTE_REVISION`: where it is."},
    });
    vec![
        patch("FromQuote", "/properties/quoteId", quote_id),
        patch("FromQuote", "/properties/revision", revision),
        patch("Problem", "/properties", existing),
    ]
}

fn document() -> (String, Value) {
    spelled(api().document())
}

pub(crate) fn described() -> BTreeSet<Route> {
    operations_of(&document().1)
}

#[test]
fn the_description_is_checked_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi");

    assert_checked_in(&folder.join("order-intake.json"), &document().0);
}

#[test]
fn every_operation_is_an_event_of_the_function_in_the_template() {
    assert_eq!(events_of(TEMPLATE, "OrderIntakeFunction"), described());
}

#[test]
fn every_example_is_what_is_described() {
    let count = Conformance::new(document().1).check_examples();

    assert!(matches!(count, Ok(count) if count >= 15), "{count:?}");
}
