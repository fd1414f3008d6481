//! `GET /orders` and `GET /orders/{orderId}`.

use api_description::{Operation, Parameter};
use order_domain::explanation::Explanation;
use order_domain::fallout::FalloutAction;
use order_domain::order::OrderStatus;
use serde_json::json;

use super::{ORDERS, cases, example, name, one_of, only_true, order_id, text, to_case, to_order};
use crate::case_actions::{self, ActionDocument, ActionRequest};
use crate::parameters::SCOPE;
use crate::responses::{OrderDocument, OrderList};

pub(super) fn list() -> Operation {
    let status = Parameter::query("status", one_of(OrderStatus::ALL), json!("FALLOUT"));
    let stuck = json!({"type": "string", "pattern": "^PT[0-9.,HMShms]+$"});
    let stuck = Parameter::query("stuckLongerThan", stuck, json!("PT4H"));
    let attempts = json!({"type": "integer", "minimum": 2, "maximum": 100});
    let attempts = Parameter::query("attemptsAtLeast", attempts, json!(3));
    Operation::get("/orders", "listOrders")
        .says(
            (ORDERS, "List orders"),
            "One page of the tenant's orders, newest first. Follow `links.next` until it is absent; \
             every order is shown once, also while orders are added.\n\n\
             Filters may be combined. Those on a case are all about one open case, and that case is \
             the row's `openCase`.",
        )
        .allows(SCOPE, &[])
        .takes(status.says("Only orders with this status."))
        .takes(stuck.says("Only orders that have not moved for longer (ISO 8601)."))
        .takes(attempts.says("Only orders with a waiting step that was sent so often."))
        .takes(name("targetSystem", "LOGISTICS", "Only orders that wait for the system, or with an open case about one of its steps."))
        .takes(text("reasonCode", "NO_STOCK", "Only orders with an open case for this reason."))
        .takes(text("failureSignature", "LOGISTICS/ship-router/NO_STOCK", "Only orders with an open case of this signature."))
        .takes(only_true("overdue", "Only orders with an open case that is past its due time."))
        .takes(text("ownerGroup", "order-operations", "Only orders with an open case of this group."))
        .takes(text("ownerUser", "olga", "Only orders with an open case of this user."))
        .takes(text("externalReference", "SHP-1", "Only orders with a step that a target system knows by this key."))
        .takes(text("quoteId", "Q-018f3a5e7b007a108000000000000001", "Only orders of this quote."))
        .takes(text("text", "ORD-018f", "Only orders whose number, customer or quote begins so, or whose id or external reference is exactly this."))
        .pages()
        .answers::<OrderList>(
            "The page.",
            vec![("aPage", example(include_str!("examples/order-list.json")))],
        )
        .leads_to(to_order("$response.body#/orders/0/orderId", "One order of the list, completely."))
}

pub(super) fn show() -> Operation {
    Operation::get("/orders/{orderId}", "getOrder")
        .says(
            (ORDERS, "Show an order"),
            "Everything that explains where the order is, as one snapshot: milestones, lines, plan \
             and steps, whom it waits for, cases, every status change and who asked for it.",
        )
        .allows(SCOPE, &[])
        .takes(order_id())
        .answers::<OrderDocument>(
            "The order. `ETag` is its version.",
            vec![("fallenOut", example(include_str!("examples/order.json")))],
        )
        .with_header("ETag")
        .leads_to(to_case(
            ("$response.body#/orderId", "$response.body#/falloutCases/0/falloutCaseId"),
            "The oldest case of the order.",
        ))
}

pub(super) fn explain() -> Operation {
    let text = example(include_str!("examples/explanation-text.json"));
    Operation::get("/orders/{orderId}/explain", "explainOrder")
        .says(
            (ORDERS, "Explain where an order is"),
            "What stands in the order's way, the cause first; what happens by itself and when; what \
             completion still needs; and for every action on every open case, whether the one who \
             asks may take it, and if not, why.\n\n\
             `Accept: text/plain` gives the same in sentences.",
        )
        .allows(SCOPE, &[])
        .takes(order_id())
        .answers::<Explanation>(
            "The explanation.",
            vec![("rejectedStep", example(include_str!("examples/explanation.json")))],
        )
        .leads_to(to_case(("$response.body#/orderId", "$response.body#/blockers/0/falloutCaseId"), "The case that is the cause, where one is."))
        .answers_with(
            ("text/plain; charset=utf-8", json!({"type": "string"})),
            "The explanation.",
            ("rejectedStep", text),
        )
}

pub(super) fn act() -> Operation {
    let about_orders = FalloutAction::ALL.iter().copied().filter(|x| x.is_about_the_order());
    let actions: Vec<FalloutAction> = about_orders.collect();
    let action = Parameter::path("action", one_of(&actions), json!("fail-order"));
    let operation = Operation::post("/orders/{orderId}/actions/{action}", "actOnOrder").says(
        (ORDERS, "Act on an order"),
        "What is about the order as a whole and needs no case. Decided like the actions on a case; \
         `If-Match` is the order's `ETag`.",
    );
    cases::asked(operation.allows(case_actions::SCOPE, &[]).takes(order_id()), action)
        .reads::<ActionRequest>(vec![(
            "giveUp".to_owned(),
            "`fail-order`: nothing may be in flight".to_owned(),
            json!({"reasonCode": "CUSTOMER_WITHDREW", "note": "By phone."}),
        )])
        .answers::<ActionDocument>(
            "What became of it and what it changes. `ETag` is the order's version afterwards.",
            vec![("applied", example(include_str!("examples/order-action.json")))],
        )
        .with_header("ETag")
        .leads_to(to_order("$request.path.orderId", "The order after the action."))
}
