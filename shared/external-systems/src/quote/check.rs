//! The bounds of a quote: what the types alone cannot say.
//!
//! Every reason names the field's path and never its value, because reasons are logged.

use std::collections::{BTreeMap, BTreeSet};

use order_domain::characteristic::{CharacteristicValue, Characteristics};
use order_domain::money::Money;

use super::{
    MAX_AMOUNT_MINOR, MAX_CHARACTERISTICS, MAX_DOCUMENTS, MAX_ID_CHARS, MAX_ITEMS, MAX_QUANTITY,
    MAX_TERM_MONTHS, MAX_TEXT_CHARS, QuoteDocument, QuoteItem,
};

/// The first broken rule, as a sentence.
pub(super) fn check(quote: &QuoteDocument) -> Result<(), String> {
    id("quoteId", &quote.quote_id)?;
    rule(
        quote.revision >= 1 && i32::try_from(quote.revision).is_ok(),
        "revision",
        "must be 1 to 2147483647",
    )?;
    id("customerId", &quote.customer_id)?;
    id("billingAccountId", &quote.billing_account_id)?;
    optional_id("approval.approvedBy", quote.approval.approved_by.as_deref())?;
    optional_id("contractTerms.contractId", quote.contract_terms.contract_id.as_deref())?;
    let term = quote.contract_terms.term_months;
    rule(
        term.is_none_or(|months| (1..=MAX_TERM_MONTHS).contains(&months)),
        "contractTerms.termMonths",
        &format!("must be 1 to {MAX_TERM_MONTHS}"),
    )?;
    documents(quote)?;
    rule(
        (1..=MAX_ITEMS).contains(&quote.items.len()),
        "items",
        &format!("must be 1 to {MAX_ITEMS}"),
    )?;
    for (index, entry) in quote.items.iter().enumerate() {
        item(&format!("items[{index}]"), entry, quote)?;
    }
    hierarchy(&quote.items)
}

fn documents(quote: &QuoteDocument) -> Result<(), String> {
    let limit = format!("must be at most {MAX_DOCUMENTS}");
    rule(quote.documents.len() <= MAX_DOCUMENTS, "documents", &limit)?;
    for (index, document) in quote.documents.iter().enumerate() {
        id(&format!("documents[{index}].documentType"), &document.document_type)?;
        optional_id(&format!("documents[{index}].documentId"), document.document_id.as_deref())?;
    }
    Ok(())
}

fn item(path: &str, item: &QuoteItem, quote: &QuoteDocument) -> Result<(), String> {
    id(&format!("{path}.itemId"), &item.item_id)?;
    optional_id(&format!("{path}.parentItemId"), item.parent_item_id.as_deref())?;
    id(&format!("{path}.productCode"), &item.product_code)?;
    optional_id(&format!("{path}.productInstanceId"), item.product_instance_id.as_deref())?;
    rule(
        (1..=MAX_QUANTITY).contains(&item.quantity),
        &format!("{path}.quantity"),
        &format!("must be 1 to {MAX_QUANTITY}"),
    )?;
    for (name, price) in [("recurring", item.price.recurring), ("oneTime", item.price.one_time)] {
        if let Some(price) = price {
            amount(&format!("{path}.price.{name}"), price, quote)?;
        }
    }
    characteristics(&format!("{path}.characteristics"), &item.characteristics)?;
    match &item.previous_characteristics {
        Some(previous) => characteristics(&format!("{path}.previousCharacteristics"), previous),
        None => Ok(()),
    }
}

fn amount(path: &str, price: Money, quote: &QuoteDocument) -> Result<(), String> {
    let is_bounded = price.amount_minor().unsigned_abs() <= MAX_AMOUNT_MINOR.unsigned_abs();
    rule(is_bounded, path, "is too large")?;
    rule(price.currency() == quote.currency, path, "must be in the currency of the quote")
}

fn characteristics(path: &str, values: &Characteristics) -> Result<(), String> {
    let limit = format!("must be at most {MAX_CHARACTERISTICS}");
    rule(values.len() <= MAX_CHARACTERISTICS, path, &limit)?;
    for (name, value) in values {
        // The name comes from outside: it is counted, not repeated.
        id(&format!("{path}: a name"), name)?;
        if let CharacteristicValue::Text(text) = value {
            let is_bounded = text.chars().count() <= MAX_TEXT_CHARS;
            rule(is_bounded, path, &format!("has a text over {MAX_TEXT_CHARS} characters"))?;
        }
    }
    Ok(())
}

/// Ids are unique, parents exist, and nobody is their own ancestor.
fn hierarchy(items: &[QuoteItem]) -> Result<(), String> {
    let ids: BTreeSet<&str> = items.iter().map(|item| item.item_id.as_str()).collect();
    rule(ids.len() == items.len(), "items", "have an itemId twice")?;
    let parents: BTreeMap<&str, &str> = items
        .iter()
        .filter_map(|item| Some((item.item_id.as_str(), item.parent_item_id.as_deref()?)))
        .collect();
    for (index, item) in items.iter().enumerate() {
        let path = format!("items[{index}].parentItemId");
        let mut ancestor = item.item_id.as_str();
        let mut depth = 0;
        while let Some(parent) = parents.get(ancestor) {
            rule(ids.contains(parent), &path, "names no item of the quote")?;
            rule(depth < items.len(), &path, "leads back to the item itself")?;
            ancestor = parent;
            depth += 1;
        }
    }
    Ok(())
}

fn optional_id(path: &str, text: Option<&str>) -> Result<(), String> {
    text.map_or(Ok(()), |text| id(path, text))
}

fn id(path: &str, text: &str) -> Result<(), String> {
    rule(
        crate::wire::is_bounded_text(text, MAX_ID_CHARS),
        path,
        &format!("must be 1 to {MAX_ID_CHARS} characters without control characters"),
    )
}

fn rule(holds: bool, path: &str, sentence: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{path} {sentence}")) }
}
