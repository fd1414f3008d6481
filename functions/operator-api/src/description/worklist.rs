//! Cases across orders: `GET /fallout-cases` and `GET /fallout-signatures`.

use api_description::{Link, Operation, Parameter};
use order_domain::fallout::{CaseStatus, Severity};
use serde_json::json;

use super::{CASES, example, name, one_of, only_true, text, to_case};
use crate::parameters::SCOPE;
use crate::worklist::{CaseList, SignatureList};

pub(super) fn cases() -> Operation {
    let status = Parameter::query("status", one_of(CaseStatus::ALL), json!("OPEN"));
    let severity = Parameter::query("severity", one_of(Severity::ALL), json!("MAJOR"));
    Operation::get("/fallout-cases", "listFalloutCases")
        .says(
            (CASES, "List fallout cases"),
            "One page of the tenant's cases across orders, due first, those without a due time \
             last. Open ones unless `status` says otherwise; filters may be combined.",
        )
        .allows(SCOPE, &[])
        .takes(status.says("Only cases with this status."))
        .takes(text("ownerGroup", "order-operations", "Only cases of this group."))
        .takes(text("ownerUser", "olga", "Only cases of this user."))
        .takes(text("reasonCode", "NO_STOCK", "Only cases for this reason."))
        .takes(text(
            "failureSignature",
            "LOGISTICS/ship-router/NO_STOCK",
            "Only cases of this signature.",
        ))
        .takes(severity.says("Only cases so urgent."))
        .takes(only_true("overdue", "Only open cases that are past their due time."))
        .takes(name("targetSystem", "LOGISTICS", "Only cases about a step of this system."))
        .pages()
        .answers::<CaseList>(
            "The page.",
            vec![("aPage", example(include_str!("examples/case-list.json")))],
        )
        .leads_to(to_case(
            (
                "$response.body#/falloutCases/0/orderId",
                "$response.body#/falloutCases/0/falloutCaseId",
            ),
            "One case of the list, completely.",
        ))
        .leads_to(Link {
            name: "explainOrder",
            operation_id: "explainOrder",
            parameters: vec![("orderId", "$response.body#/falloutCases/0/orderId")],
            description: "Why its order is where it is, and what may be done.",
        })
}

pub(super) fn signatures() -> Operation {
    Operation::get("/fallout-signatures", "listFalloutSignatures")
        .says(
            (CASES, "List what went wrong alike"),
            "Open cases that have system, operation and reason in common, as one line each, the \
             most orders first. There are few, so there are no pages.",
        )
        .allows(SCOPE, &[])
        .takes(name("targetSystem", "LOGISTICS", "Only of this system."))
        .takes(Parameter::limit())
        .answers::<SignatureList>(
            "The lines.",
            vec![("oneLine", example(include_str!("examples/signature-list.json")))],
        )
        .leads_to(Link {
            name: "listFalloutCases",
            operation_id: "listFalloutCases",
            parameters: vec![(
                "failureSignature",
                "$response.body#/falloutSignatures/0/failureSignature",
            )],
            description: "The cases that a line counts.",
        })
}
