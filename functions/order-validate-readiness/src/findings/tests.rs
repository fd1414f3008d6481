use external_systems::quote::QuoteAnswer;
use external_systems::source::{BillingAccount, Customer};
use order_domain::readiness::{ReadinessReason, failed_checks};
use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-06-01T00:00:00Z";

fn order() -> OrderReference {
    OrderReference {
        quote_id: "Q-1".to_owned(),
        quote_revision: 1,
        customer_id: "C-1".to_owned(),
        billing_account_id: "BA-1".to_owned(),
        order_version: 1,
    }
}

fn quote() -> Value {
    json!({
        "quoteId": "Q-1", "revision": 1, "status": "ACCEPTED", "revisionLocked": true,
        "validUntil": "2026-06-30T00:00:00Z", "acceptedAt": "2026-05-04T10:00:00Z",
        "approval": {"status": "APPROVED", "validUntil": "2026-06-30T00:00:00Z"},
        "customerId": "C-1", "billingAccountId": "BA-1",
        "contractTerms": {"contractId": "K-1", "termMonths": 12, "startsOn": "2026-07-01",
            "signedAt": "2026-05-04T10:00:00Z"},
        "documents": [{"documentType": "SIGNED_CONTRACT", "required": true, "documentId": "D-1"},
            {"documentType": "SITE_PHOTO", "required": false}],
        "currency": "EUR",
        "items": [{"itemId": "1", "productCode": "INTERNET_ACCESS", "action": "ADD", "quantity": 1}]
    })
}

fn answers(quote: Value) -> Answers {
    let customer = json!({"customerId": "C-1", "status": "ACTIVE"});
    let account = json!({"billingAccountId": "BA-1", "customerId": "C-1", "status": "READY"});
    Answers {
        quote: Some(QuoteAnswer::from_value(quote).expect("a valid quote")),
        customer: Some(serde_json::from_value::<Customer>(customer).unwrap()),
        billing_account: Some(serde_json::from_value::<BillingAccount>(account).unwrap()),
    }
}

fn failed(answers: &Answers) -> Vec<ReadinessReason> {
    let now = NOW.parse().unwrap();
    failed_checks(&findings(answers, &order(), now), now)
}

fn failed_with(pointer: &str, value: Value) -> Vec<ReadinessReason> {
    let mut quote = quote();
    *quote.pointer_mut(pointer).expect("the field exists") = value;
    failed(&answers(quote))
}

#[test]
fn an_order_whose_sources_agree_is_ready() {
    assert_eq!(failed(&answers(quote())), []);
}

#[test]
fn each_part_of_the_quote_fails_its_own_check() {
    use ReadinessReason as R;
    let past = json!("2026-05-31T00:00:00Z");
    for (pointer, value, reason) in [
        ("/status", json!("SUPERSEDED"), R::QuoteNoLongerAccepted),
        ("/revisionLocked", json!(false), R::QuoteRevisionNotLocked),
        ("/validUntil", past.clone(), R::PriceNoLongerValid),
        ("/approval/status", json!("REVOKED"), R::ApprovalNotValid),
        ("/approval/validUntil", past, R::ApprovalNotValid),
        ("/contractTerms/signedAt", Value::Null, R::ContractDataIncomplete),
        ("/documents/0/documentId", Value::Null, R::RequiredDocumentMissing),
    ] {
        assert_eq!(failed_with(pointer, value), [reason], "{pointer}");
    }
}

#[test]
fn a_price_that_ran_out_is_fine_under_locked_terms() {
    let mut quote = quote();
    quote["priceValidUntil"] = json!("2026-05-31T00:00:00Z");
    assert_eq!(failed(&answers(quote.clone())), [ReadinessReason::PriceNoLongerValid]);

    quote["acceptedUnderLockedTerms"] = json!(true);
    assert_eq!(failed(&answers(quote)), []);
}

#[test]
fn an_account_of_another_customer_or_not_ready_fails() {
    for account in [
        json!({"billingAccountId": "BA-1", "customerId": "C-2", "status": "READY"}),
        json!({"billingAccountId": "BA-1", "status": "SUSPENDED"}),
    ] {
        let mut answers = answers(quote());
        answers.billing_account = Some(serde_json::from_value(account).unwrap());

        assert_eq!(failed(&answers), [ReadinessReason::BillingAccountNotReady]);
    }
}

#[test]
fn what_the_sources_do_not_know_fails_every_check_that_needs_it() {
    let nothing = Answers { quote: None, customer: None, billing_account: None };

    let failed = failed(&nothing);

    assert_eq!(failed.len(), ReadinessReason::ALL.len() - 1, "all but the duplicate: {failed:?}");
    assert!(failed.contains(&ReadinessReason::CustomerNotFound));
    assert!(!failed.contains(&ReadinessReason::DuplicateOrderForQuoteRevision));
}
