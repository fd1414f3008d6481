//! A fallout case and the actions on it.

use api_description::{Link, Operation, Parameter, Patch, Refusal};
use lambda_support::caller::Role;
use lambda_support::problem::ProblemCode;
use order_domain::fallout::{ActionRefusal, FalloutAction};
use serde_json::{Value, json};

use super::{CASES, code, example, keys, names, one_of, order_id, refusals, to_case, to_order};
use crate::case_actions::{self, ActionDocument, ActionRequest, status_of};
use crate::parameters::SCOPE;
use crate::responses::CaseDocument;

const CASE: &str = "/orders/{orderId}/fallout-cases/{caseId}";
const ACTION: &str = "/orders/{orderId}/fallout-cases/{caseId}/actions/{action}";

pub(super) fn show() -> Operation {
    Operation::get(CASE, "getFalloutCase")
        .says(
            (CASES, "Show a fallout case"),
            "The case with its step, its evidence, what waits for a second person, and everything \
             that people asked for.\n\nWhoever is a `platform-operator` and nothing else sees no \
             customer data: notes, evidence and what was handed in are left out (`isRedacted`).",
        )
        .allows(SCOPE, &names(Role::ALL))
        .takes(order_id())
        .takes(case_id())
        .answers::<CaseDocument>(
            "The case. `ETag` is its version, for `If-Match` of an action.",
            vec![("rejectedStep", example(include_str!("examples/case.json")))],
        )
        .with_header("ETag")
        .leads_to(Link {
            name: "actOnCase",
            operation_id: "actOnFalloutCase",
            parameters: vec![
                ("orderId", "$response.body#/orderId"),
                ("caseId", "$response.body#/falloutCaseId"),
                ("header.If-Match", "$response.header.ETag"),
            ],
            description: "An action on the version that was read.",
        })
}

pub(super) fn act() -> Operation {
    let operation = Operation::post(ACTION, "actOnFalloutCase")
        .says((CASES, "Act on a fallout case"), about())
        .allows(case_actions::SCOPE, &[])
        .takes(order_id())
        .takes(case_id());
    asked(operation, action())
        .reads::<ActionRequest>(requests())
        .answers::<ActionDocument>(
            "What became of it and what it changes. `ETag` is the case's version afterwards.",
            vec![
                ("applied", example(include_str!("examples/action-applied.json"))),
                ("awaitingApproval", example(include_str!("examples/action-awaiting.json"))),
                ("preview", example(include_str!("examples/action-preview.json"))),
            ],
        )
        .with_header("ETag")
        .leads_to(to_order("$request.path.orderId", "The order after the action."))
        .leads_to(to_case(
            ("$request.path.orderId", "$response.body#/falloutCaseId"),
            "The case after the action.",
        ))
}

/// What each property of an action's body is for, and its bounds.
pub(super) fn patches() -> Vec<Patch> {
    let name = |about: &str| json!({"description": about, "minLength": 1, "maxLength": 100, "pattern": "^[^\\x00]*$"});
    let told = |about: &str| json!({"description": about});
    let mut reason = code();
    reason["description"] = json!("Why, as a code of your own.");
    [
        ("/properties/reasonCode", reason),
        ("/properties/note", json!({"description": "Why, in words.", "maxLength": 2000})),
        (
            "/properties/outputs",
            told("`skip-step`, `settle-outcome`: results for what depends on the step."),
        ),
        ("/properties/targetSystem", name("`replace-target`: who does it instead.")),
        ("/properties/requestedInformation", told("`request-more-info`: what is wanted, by name.")),
        ("/properties/information", told("`provide-info`: the values.")),
        (
            "/properties/orderLineId",
            told("`waive-line`, `provide-info`: which line, where the case names none."),
        ),
        ("/properties/assignedGroup", name("`assign`: to which group.")),
        ("/properties/assignedUser", name("`assign`: to whom.")),
        (
            "/properties/severity",
            told("`escalate`: how urgent it is; one step more than before where nothing is said."),
        ),
        ("/properties/finding", told("`settle-outcome`: what was found out.")),
        (
            "/properties/externalReference",
            told("`settle-outcome`: the target system's id of the work."),
        ),
        ("/properties/evidence", told("`settle-outcome`: how that is known.")),
    ]
    .map(|(pointer, keywords)| Patch { component: "ActionRequest", pointer, keywords })
    .into()
}

/// How an action is asked for and refused, whatever it is about.
pub(super) fn asked(operation: Operation, action: Parameter) -> Operation {
    let refused = ActionRefusal::ALL.iter().map(|refusal| Refusal {
        status: status_of(*refusal),
        code: refusal.code(),
        title: "The action is refused.",
        detail: Some(refusal.to_string()),
    });
    let preview = json!({"type": "boolean", "default": false});
    let preview = Parameter::query("preview", preview, Value::Null)
        .says("Only tell what would happen: nothing is written, no key or version needed.");
    operation
        .takes(action)
        .takes(preview)
        .takes(Parameter::idempotency_key())
        .takes(if_match())
        .refuses(keys())
        .refuses(refusals(&[ProblemCode::PreconditionRequired]))
        .refuses(refused)
}

fn case_id() -> Parameter {
    Parameter::id("caseId", "018f3a5e-7b00-7a10-8000-0000000000c1").says("The case.")
}

fn action() -> Parameter {
    Parameter::path("action", one_of(FalloutAction::ALL), json!("retry-step"))
        .says("What to do.")
        .examples(REQUESTS.map(|(name, action, ..)| (name, json!(action))))
}

pub(super) fn if_match() -> Parameter {
    let schema = json!({"type": "string", "pattern": "^\"[0-9]{1,18}\"$"});
    Parameter::header("If-Match", schema, json!("\"1\""))
        .says("The `ETag`: the version that was decided on. Without it: 428, but for a preview.")
}

/// Who may ask for which action, from the table that decides it.
fn about() -> String {
    let line = |action: &FalloutAction| {
        let roles: Vec<String> = action.roles().iter().map(|role| format!("`{role}`")).collect();
        format!("- `{action}`: {}", roles.join(", "))
    };
    let who: Vec<String> = FalloutAction::ALL.iter().map(line).collect();
    format!(
        "Says what is to happen; the domain decides whether it may. Of two people at once one wins, \
         the other is told 412 and reads again. What is mandatory is left out only when a second \
         person agrees: the answer is then `AWAITING_APPROVAL`, and `approve` carries it out.\n\n\
         Each action reads what concerns it from the body, besides `reasonCode` and `note`.\n\n\
         Who may ask:\n\n{}",
        who.join("\n")
    )
}

/// One request per kind of input, and the action that it is for.
const REQUESTS: [(&str, FalloutAction, &str, &str); 9] = [
    (
        "retry",
        FalloutAction::RetryStep,
        "A reason is enough, as for most actions",
        r#"{"reasonCode": "DATA_CORRECTED", "note": "The account was opened."}"#,
    ),
    (
        "skip",
        FalloutAction::SkipStep,
        "With results for what depends on the step",
        r#"{"reasonCode": "DONE_BY_HAND", "outputs": {"portId": "P-17"}}"#,
    ),
    (
        "replace",
        FalloutAction::ReplaceTarget,
        "Another system does it",
        r#"{"reasonCode": "SYSTEM_RETIRED", "targetSystem": "LOGISTICS_NORTH"}"#,
    ),
    (
        "ask",
        FalloutAction::RequestMoreInfo,
        "What is missing",
        r#"{"reasonCode": "ADDRESS_UNCLEAR", "requestedInformation": ["doorNumber"]}"#,
    ),
    (
        "provide",
        FalloutAction::ProvideInfo,
        "The values",
        r#"{"reasonCode": "CUSTOMER_ANSWERED", "information": {"doorNumber": "4b"}}"#,
    ),
    (
        "waive",
        FalloutAction::WaiveLine,
        "Which line, where the case names none",
        r#"{"reasonCode": "GOODWILL", "orderLineId": "018f3a5e-7b00-7a10-8000-0000000000a1"}"#,
    ),
    (
        "assign",
        FalloutAction::Assign,
        "To whom",
        r#"{"reasonCode": "SHIFT_CHANGE", "assignedGroup": "billing-operations", "assignedUser": "olga"}"#,
    ),
    (
        "escalate",
        FalloutAction::Escalate,
        "How urgent it is",
        r#"{"reasonCode": "CUSTOMER_WAITS", "severity": "CRITICAL"}"#,
    ),
    (
        "settle",
        FalloutAction::SettleOutcome,
        "What was found out, and how",
        r#"{"reasonCode": "CHECKED_AT_SYSTEM", "finding": "EXECUTED", "externalReference": "SHP-1",
            "evidence": "Seen in the carrier's portal."}"#,
    ),
];

fn requests() -> Vec<(String, String, Value)> {
    let request = |(name, action, about, body): (&str, FalloutAction, &str, &str)| {
        (name.to_owned(), format!("`{action}`: {about}"), example(body))
    };
    REQUESTS.map(request).into()
}
