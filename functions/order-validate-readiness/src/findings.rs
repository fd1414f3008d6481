//! From what the sources said to the nine checks of §7: pure, so that each has its test.

use external_systems::quote::{ApprovalStatus, QuoteApproval, QuoteDocument, QuoteStatus};
use external_systems::source::{BillingAccountStatus, CustomerStatus};
use jiff::Timestamp;
use order_domain::readiness::ReadinessFindings;
use order_store::order_reference::OrderReference;

use crate::sources::Answers;

/// What holds for an order; of a quote that is gone nothing holds.
///
/// Whether another order of the same quote lives is found by the command, in its transaction.
pub(crate) fn findings(
    answers: &Answers,
    order: &OrderReference,
    now: Timestamp,
) -> ReadinessFindings {
    let quote = answers.quote.as_ref().map(|quote| &quote.document);
    let holds = |check: fn(&QuoteDocument) -> bool| quote.is_some_and(check);
    ReadinessFindings {
        is_quote_accepted: holds(|quote| quote.status == QuoteStatus::Accepted),
        is_revision_locked: holds(|quote| quote.revision_locked),
        price_valid_until: Some(quote.map_or(Timestamp::MIN, price_valid_until)),
        is_price_locked: holds(|quote| quote.accepted_under_locked_terms),
        is_approved: quote.is_some_and(|quote| is_approved(&quote.approval, now)),
        is_customer_known: is_customer_served(answers),
        is_billing_account_ready: is_account_ready(answers, order),
        is_contract_complete: holds(|quote| quote.contract_terms.missing_fields().is_empty()),
        has_duplicate_order: false,
        are_documents_complete: holds(are_documents_complete),
    }
}

/// A price without an end of its own is valid as long as the quote.
fn price_valid_until(quote: &QuoteDocument) -> Timestamp {
    quote.price_valid_until.unwrap_or(quote.valid_until)
}

fn is_approved(approval: &QuoteApproval, now: Timestamp) -> bool {
    match approval.status {
        ApprovalStatus::NotRequired => true,
        ApprovalStatus::Approved => approval.valid_until.is_none_or(|until| now <= until),
        ApprovalStatus::Pending
        | ApprovalStatus::Rejected
        | ApprovalStatus::Revoked
        | ApprovalStatus::Unknown => false,
    }
}

/// A customer who is not served any more is none that an order may be carried out for.
fn is_customer_served(answers: &Answers) -> bool {
    match answers.customer.as_ref().map(|customer| customer.status) {
        Some(CustomerStatus::Active) => true,
        Some(CustomerStatus::Inactive | CustomerStatus::Unknown) | None => false,
    }
}

/// An account of somebody else must not be charged, however ready it is.
fn is_account_ready(answers: &Answers, order: &OrderReference) -> bool {
    answers.billing_account.as_ref().is_some_and(|account| {
        let is_of_customer = account.customer_id.as_ref().is_none_or(|id| *id == order.customer_id);
        account.status == BillingAccountStatus::Ready && is_of_customer
    })
}

fn are_documents_complete(quote: &QuoteDocument) -> bool {
    quote.documents.iter().all(|document| !document.required || document.document_id.is_some())
}

#[cfg(test)]
mod tests;
