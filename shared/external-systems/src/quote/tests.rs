use order_domain::characteristic::CharacteristicValue;
use serde_json::{Value, json};

use super::*;

pub(crate) fn sample() -> Value {
    json!({
        "quoteId": "Q-1001", "revision": 3, "status": "ACCEPTED", "revisionLocked": true,
        "lockedAt": "2026-05-04T09:00:00Z", "validUntil": "2026-06-30T00:00:00Z",
        "acceptedAt": "2026-05-04T10:00:00Z", "acceptedUnderLockedTerms": true,
        "priceValidUntil": "2026-06-30T00:00:00Z",
        "approval": {"status": "APPROVED", "approvedAt": "2026-05-03T08:00:00Z"},
        "customerId": "C-77", "billingAccountId": "BA-77",
        "contractTerms": {"contractId": "K-9", "termMonths": 36, "startsOn": "2026-07-01",
            "signedAt": "2026-05-04T10:00:00Z"},
        "documents": [{"documentType": "SIGNED_CONTRACT", "required": true, "documentId": "D-1"}],
        "currency": "EUR",
        "items": [
            {"itemId": "1", "productCode": "BUNDLE", "action": "ADD", "quantity": 1},
            {"itemId": "2", "parentItemId": "1", "productCode": "ACCESS", "action": "MODIFY",
             "quantity": 3, "productInstanceId": "PI-1", "mandatory": false,
             "price": {"recurring": {"amountMinor": 49_900, "currency": "EUR", "taxCode": "X"},
                       "oneTime": {"amountMinor": -100, "currency": "EUR"}},
             "characteristics": {"bandwidthMbps": 500, "managed": true, "site": "HQ"},
             "previousCharacteristics": {"bandwidthMbps": 100}}
        ]
    })
}

fn reason_with(pointer: &str, value: Value) -> String {
    let mut quote = sample();
    *quote.pointer_mut(pointer).expect("the field exists") = value;
    QuoteAnswer::from_value(quote).expect_err("the quote is broken").reason
}

#[test]
fn an_accepted_quote_is_read_completely() {
    let quote = QuoteAnswer::parse(sample().to_string().as_bytes()).unwrap().document;

    assert_eq!(quote.status, QuoteStatus::Accepted);
    assert!(quote.contract_terms.missing_fields().is_empty());
    let [bundle, access] = &quote.items[..] else { panic!("{:?}", quote.items) };
    assert!(bundle.mandatory && bundle.price == ItemPrice::default());
    assert!(!access.mandatory);
    assert_eq!(access.price.one_time.map(Money::amount_minor), Some(-100));
    assert_eq!(access.characteristics["managed"], CharacteristicValue::Boolean(true));
}

#[test]
fn what_is_optional_may_be_absent_or_null() {
    let mut quote = sample();
    for field in ["lockedAt", "acceptedAt", "priceValidUntil"] {
        quote[field] = Value::Null;
    }
    quote["contractTerms"] = json!({"contractId": null});
    for field in ["documents", "acceptedUnderLockedTerms"] {
        quote.as_object_mut().unwrap().remove(field);
    }

    let quote = QuoteAnswer::from_value(quote).unwrap().document;

    assert_eq!(
        quote.contract_terms.missing_fields(),
        ["contractId", "termMonths", "startsOn", "signedAt"]
    );
}

#[test]
fn unknown_fields_and_unknown_statuses_are_tolerated() {
    let mut quote = sample();
    quote["surprise"] = json!({"deep": [1]});
    quote["status"] = json!("ON_HOLD");
    quote["approval"]["status"] = json!("ESCALATED");

    let quote = QuoteAnswer::from_value(quote).unwrap().document;

    assert_eq!(quote.status, QuoteStatus::Unknown);
    assert_eq!(quote.approval.status, ApprovalStatus::Unknown);
}

#[test]
fn values_outside_their_bounds_are_named_by_path() {
    let long = "x".repeat(129);
    let many: serde_json::Map<_, _> = (0..65).map(|n| (format!("k{n}"), json!(n))).collect();
    for (pointer, value, start) in [
        ("/quoteId", json!(""), "quoteId"),
        ("/customerId", json!(long), "customerId"),
        ("/revision", json!(0), "revision"),
        ("/revision", json!(2_147_483_648_u32), "revision"),
        ("/contractTerms/termMonths", json!(0), "contractTerms.termMonths"),
        ("/documents/0/documentType", json!("a\nb"), "documents[0].documentType"),
        ("/items", json!([]), "items must"),
        ("/items/1/quantity", json!(0), "items[1].quantity"),
        ("/items/1/quantity", json!(10_001), "items[1].quantity"),
        ("/items/1/price/recurring/amountMinor", json!(i64::MIN), "items[1].price.recurring is"),
        ("/items/1/price/oneTime/currency", json!("USD"), "items[1].price.oneTime must"),
        ("/items/1/characteristics", json!(many), "items[1].characteristics must"),
        ("/items/1/characteristics/site", json!("x".repeat(1025)), "items[1].characteristics has"),
        ("/items/1/itemId", json!("1"), "items have an itemId twice"),
        ("/items/1/parentItemId", json!("9"), "items[1].parentItemId names no item"),
        ("/items/1/parentItemId", json!("2"), "items[1].parentItemId leads back"),
    ] {
        let reason = reason_with(pointer, value);
        assert!(reason.starts_with(start), "{pointer}: {reason}");
    }
}

#[test]
fn wrong_types_are_malformed_and_their_values_are_not_repeated() {
    for (pointer, value) in [
        ("/revision", json!("Jane")),
        ("/validUntil", json!("Jane")),
        ("/items/1/action", json!("Jane")),
        ("/items/1/characteristics", json!({"a": 1.5})),
        ("/items/1/price/recurring", json!({"amountMinor": 1.5, "currency": "EUR"})),
        ("/currency", json!("Jane")),
    ] {
        let reason = reason_with(pointer, value);
        assert!(!reason.contains("Jane"), "{reason}");
    }
    assert_eq!(QuoteAnswer::parse(b"{").unwrap_err().reason, "not JSON at line 1 column 1");
}

#[test]
fn a_text_with_nul_is_refused_wherever_it_stands() {
    let mut quote = sample();
    quote["surprise"] = json!({"deep": ["x\0"]});

    assert_eq!(QuoteAnswer::from_value(quote).unwrap_err().reason, "a text contains U+0000");
}

#[test]
fn a_written_document_is_read_again() {
    let quote = QuoteAnswer::from_value(sample()).unwrap().document;

    let again = QuoteAnswer::from_value(serde_json::to_value(&quote).unwrap()).unwrap();

    assert_eq!(again.document, quote);
}

#[test]
fn the_example_of_the_documentation_is_a_valid_quote() {
    let source = include_str!("../quote.rs");
    let example: String = source
        .lines()
        .skip_while(|line| *line != "//! ```json")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .filter_map(|line| line.strip_prefix("//! "))
        .collect();

    assert!(QuoteAnswer::parse(example.as_bytes()).is_ok());
}

#[test]
fn every_sample_quote_of_the_catalogue_is_valid() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalog/quotes");
    let mut count = 0;
    for file in std::fs::read_dir(folder).expect("the sample quotes are in the repository") {
        let path = file.unwrap().path();
        let verdict = QuoteAnswer::parse(&std::fs::read(&path).unwrap());
        assert_eq!(verdict.err(), None, "{}", path.display());
        count += 1;
    }
    assert!(count >= 7, "{count} sample quotes");
}
