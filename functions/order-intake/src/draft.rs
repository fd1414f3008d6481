//! From the quote as the CPQ wrote it to the order as we keep it.
//!
//! Types and bounds were checked when the answer was read; what is left are contradictions that our
//! own constraints forbid. They are the quote's fault and stay so: a locked revision does not
//! change, hence a refusal and not "try again".

use std::collections::BTreeMap;
use std::iter::successors;

use external_systems::quote::{ItemAction, QuoteAnswer, QuoteDocument, QuoteItem, QuoteStatus};
use order_domain::catalogue::LineAction;
use order_domain::ids::{CorrelationId, OrderId, OrderLineId};
use order_domain::intake::QuoteFacts;
use order_store::commands::{NewOrderLine, OrderDraft};
use uuid::Uuid;

/// Crockford's base32: no I, L, O and U, so that a number can be read out and typed in.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const NUMBER_LENGTH: u32 = 10;

/// One contradiction and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuoteDefect {
    /// JSON pointer into the quote.
    pub(crate) pointer: String,
    /// What is wrong, without repeating the value.
    pub(crate) detail: &'static str,
}

/// What the intake rules read of a quote.
pub(crate) fn facts(quote: &QuoteDocument) -> QuoteFacts {
    QuoteFacts {
        is_accepted: quote.status == QuoteStatus::Accepted,
        is_revision_locked: quote.revision_locked,
        accepted_at: quote.accepted_at,
        valid_until: Some(quote.valid_until),
    }
}

/// The order of a quote, with new ids; or everything that contradicts itself.
pub(crate) fn order_draft(
    quote: QuoteAnswer,
    correlation_id: CorrelationId,
) -> Result<OrderDraft, Vec<QuoteDefect>> {
    let document = quote.document;
    let defects = defects(&document);
    let (Ok(quote_revision), true) = (i32::try_from(document.revision), defects.is_empty()) else {
        return Err(defects);
    };
    let order_id = Uuid::now_v7();
    Ok(OrderDraft {
        order_id: OrderId::from_uuid(order_id),
        order_number: order_number(order_id),
        quote_id: document.quote_id,
        quote_revision,
        customer_id: document.customer_id,
        billing_account_id: document.billing_account_id,
        correlation_id,
        quote_document: quote.raw,
        quote_digest: quote.digest,
        lines: lines(document.items),
    })
}

fn defects(quote: &QuoteDocument) -> Vec<QuoteDefect> {
    let mut defects = Vec::new();
    if quote.accepted_at.is_none() {
        // Without it nobody can tell whether the quote was still valid.
        let detail = "an accepted quote says when it was accepted";
        defects.push(QuoteDefect { pointer: "/acceptedAt".to_owned(), detail });
    }
    for (index, item) in quote.items.iter().enumerate() {
        if action_of(item).needs_product_instance() && item.product_instance_id.is_none() {
            let pointer = format!("/items/{index}/productInstanceId");
            let detail = "an action on an existing product names the product instance";
            defects.push(QuoteDefect { pointer, detail });
        }
    }
    defects
}

/// Items as lines, parents before children, else in the order of the quote.
fn lines(mut items: Vec<QuoteItem>) -> Vec<NewOrderLine> {
    let new_id = || OrderLineId::from_uuid(Uuid::now_v7());
    let ids = items.iter().map(|item| (item.item_id.clone(), new_id())).collect();
    let parents: BTreeMap<String, String> = items
        .iter()
        .filter_map(|item| Some((item.item_id.clone(), item.parent_item_id.clone()?)))
        .collect();
    // Unknown parents and circles were refused when the quote was read.
    let depth = |item: &QuoteItem| {
        successors(parents.get(&item.item_id), |parent| parents.get(*parent)).count()
    };
    items.sort_by_cached_key(depth);
    items.into_iter().zip(1..).map(|(item, number)| line(item, number, &ids)).collect()
}

fn line(item: QuoteItem, line_number: i32, ids: &BTreeMap<String, OrderLineId>) -> NewOrderLine {
    let action = action_of(&item);
    let line_id = |item_id: &String| ids.get(item_id).copied();
    // A new product has no configuration before, whatever the CPQ sends along.
    let previous = item.previous_characteristics.filter(|_| action != LineAction::Add);
    NewOrderLine {
        id: line_id(&item.item_id).unwrap_or_else(|| OrderLineId::from_uuid(Uuid::now_v7())),
        line_number,
        parent_line_id: item.parent_item_id.as_ref().and_then(line_id),
        quote_item_id: item.item_id,
        product_code: item.product_code,
        action,
        quantity: item.quantity,
        recurring_price: item.price.recurring,
        one_time_price: item.price.one_time,
        characteristics: item.characteristics,
        previous_characteristics: previous.unwrap_or_default(),
        product_instance_id: item.product_instance_id,
        is_mandatory: item.mandatory,
    }
}

const fn action_of(item: &QuoteItem) -> LineAction {
    match item.action {
        ItemAction::Add => LineAction::Add,
        ItemAction::Modify => LineAction::Modify,
        ItemAction::Delete => LineAction::Delete,
        ItemAction::NoChange => LineAction::NoChange,
    }
}

/// `ORD-` and the 50 last bits of the id, which are random in a UUID v7.
fn order_number(order_id: Uuid) -> String {
    let bits = order_id.as_u128();
    let digits = (0..NUMBER_LENGTH).rev().map(|position| {
        let digit = (bits >> (5 * position)) & 31;
        char::from(DIGITS[usize::try_from(digit).unwrap_or_default()])
    });
    format!("ORD-{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests;
