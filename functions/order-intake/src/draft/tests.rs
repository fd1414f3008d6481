use serde_json::{Value, json};

use super::*;

fn draft(items: &Value) -> OrderDraft {
    let quote = json!({
        "quoteId": "Q-1", "revision": 1, "status": "ACCEPTED", "revisionLocked": true,
        "validUntil": "2026-06-30T00:00:00Z", "acceptedAt": "2026-05-04T10:00:00Z",
        "approval": {"status": "NOT_REQUIRED"}, "customerId": "C", "billingAccountId": "B",
        "contractTerms": {}, "currency": "EUR", "items": items});
    let quote = QuoteAnswer::from_value(quote).expect("a valid quote");
    order_draft(quote, CorrelationId::from_uuid(Uuid::nil())).expect("no contradiction")
}

#[test]
fn an_order_number_is_ten_digits_of_the_random_end_of_the_id() {
    let id = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000);

    assert_eq!(order_number(id), "ORD-0000000000");
    assert_eq!(order_number(Uuid::from_u128(id.as_u128() | 0x3_ffff_ffff_ffff)), "ORD-ZZZZZZZZZZ");
    assert_eq!(order_number(Uuid::from_u128(id.as_u128() | (31 << 5) | 10)), "ORD-00000000ZA");
    // The time and the version have no part in it.
    assert_eq!(order_number(Uuid::from_u128(1 << 50)), "ORD-0000000000");
}

#[test]
fn grandchildren_that_come_first_follow_their_parents() {
    let item = |id: &str, parent: Option<&str>| json!({"itemId": id, "parentItemId": parent, "productCode": id, "action": "ADD", "quantity": 1});
    let draft = draft(&json!([
        item("leaf", Some("middle")),
        item("other", None),
        item("middle", Some("top")),
        item("top", None),
    ]));

    let order: Vec<(&str, i32)> =
        draft.lines.iter().map(|x| (x.quote_item_id.as_str(), x.line_number)).collect();
    assert_eq!(order, [("other", 1), ("top", 2), ("middle", 3), ("leaf", 4)]);
    let id_of = |item: &str| draft.lines.iter().find(|x| x.quote_item_id == item).map(|x| x.id);
    assert_eq!(draft.lines[3].parent_line_id, id_of("middle"));
    assert_eq!(draft.lines[2].parent_line_id, id_of("top"));
    assert_eq!(draft.lines[1].parent_line_id, None);
}

#[test]
fn prices_configuration_and_instance_are_the_items() {
    let draft = draft(&json!([{
        "itemId": "1", "productCode": "ACCESS", "action": "MODIFY", "quantity": 3,
        "productInstanceId": "PI-1", "mandatory": false,
        "price": {"recurring": {"amountMinor": 49_900, "currency": "EUR"}},
        "characteristics": {"bandwidthMbps": 500}, "previousCharacteristics": {"bandwidthMbps": 100}}]));

    let line = &draft.lines[0];
    assert_eq!((line.action, line.quantity, line.is_mandatory), (LineAction::Modify, 3, false));
    assert_eq!(line.recurring_price.map(|x| x.amount_minor()), Some(49_900));
    assert_eq!(line.one_time_price, None);
    assert_eq!(line.product_instance_id.as_deref(), Some("PI-1"));
    assert_ne!(line.characteristics, line.previous_characteristics);
}

#[test]
fn a_new_product_has_no_configuration_before() {
    let draft = draft(&json!([{
        "itemId": "1", "productCode": "ACCESS", "action": "ADD", "quantity": 1,
        "previousCharacteristics": {"bandwidthMbps": 100}}]));

    assert!(draft.lines[0].previous_characteristics.is_empty());
}
