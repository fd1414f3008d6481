//! `GET /orders` and `GET /orders/{orderId}`.

use api_description::{Link, Operation, Parameter};
use order_domain::explanation::Explanation;
use order_domain::order::OrderStatus;
use serde_json::json;

use super::{ORDERS, example, one_of, order_id};
use crate::responses::{OrderDocument, OrderList};
use crate::routes::SCOPE;

pub(super) fn list() -> Operation {
    let status = Parameter::query("status", one_of(OrderStatus::ALL), json!("FALLOUT"));
    Operation::get("/orders", "listOrders")
        .says(
            (ORDERS, "List orders"),
            "One page of the tenant's orders, newest first. Follow `links.next` until it is absent; \
             every order is shown once, also while orders are added.",
        )
        .allows(SCOPE, &[])
        .takes(status.says("Only orders with this status."))
        .pages()
        .answers::<OrderList>(
            "The page.",
            vec![("aPage", example(include_str!("examples/order-list.json")))],
        )
        .leads_to(Link {
            name: "showOrder",
            operation_id: "getOrder",
            parameters: vec![("orderId", "$response.body#/orders/0/orderId")],
            description: "One order of the list, completely.",
        })
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
        .leads_to(Link {
            name: "showFalloutCase",
            operation_id: "getFalloutCase",
            parameters: vec![
                ("orderId", "$response.body#/orderId"),
                ("caseId", "$response.body#/falloutCases/0/falloutCaseId"),
            ],
            description: "The oldest case of the order.",
        })
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
        .leads_to(Link {
            name: "showFalloutCase",
            operation_id: "getFalloutCase",
            parameters: vec![
                ("orderId", "$response.body#/orderId"),
                ("caseId", "$response.body#/blockers/0/falloutCaseId"),
            ],
            description: "The case that is the cause, where one is.",
        })
        .answers_with(
            ("text/plain; charset=utf-8", json!({"type": "string"})),
            "The explanation.",
            ("rejectedStep", text),
        )
}
