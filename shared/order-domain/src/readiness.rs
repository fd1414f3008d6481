//! The nine readiness checks (§7). All are evaluated, not only the first that fails.
//!
//! A source that cannot be reached never gets here: it is a technical failure, not a failed check.

use jiff::Timestamp;

use crate::text_enum::text_enum;

text_enum! {
    /// A check that failed, in the order of §7.
    ReadinessReason {
        /// The quote is not accepted any more.
        QuoteNoLongerAccepted = "QUOTE_NO_LONGER_ACCEPTED",
        /// The revision is not locked.
        QuoteRevisionNotLocked = "QUOTE_REVISION_NOT_LOCKED",
        /// The price ran out and was not accepted under locked terms.
        PriceNoLongerValid = "PRICE_NO_LONGER_VALID",
        /// The approval is missing or withdrawn.
        ApprovalNotValid = "APPROVAL_NOT_VALID",
        /// The customer does not exist.
        CustomerNotFound = "CUSTOMER_NOT_FOUND",
        /// The billing account is missing or not ready.
        BillingAccountNotReady = "BILLING_ACCOUNT_NOT_READY",
        /// The contract data have gaps.
        ContractDataIncomplete = "CONTRACT_DATA_INCOMPLETE",
        /// Another live order of the same quote exists, in any revision.
        DuplicateOrderForQuoteRevision = "DUPLICATE_ORDER_FOR_QUOTE_REVISION",
        /// A required document was not generated.
        RequiredDocumentMissing = "REQUIRED_DOCUMENT_MISSING",
    }
}

/// What the sources and our own tables say about an order's readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadinessFindings {
    /// The CPQ still calls the quote accepted.
    pub is_quote_accepted: bool,
    /// The revision is locked.
    pub is_revision_locked: bool,
    /// Until when the price is valid; `None` = without limit.
    pub price_valid_until: Option<Timestamp>,
    /// The price was accepted under locked terms, so its end does not matter.
    pub is_price_locked: bool,
    /// The approval is valid.
    pub is_approved: bool,
    /// The customer exists.
    pub is_customer_known: bool,
    /// The billing account exists and is ready.
    pub is_billing_account_ready: bool,
    /// The contract data are complete.
    pub is_contract_complete: bool,
    /// Another live order of the same quote exists.
    pub has_duplicate_order: bool,
    /// Every required document exists.
    pub are_documents_complete: bool,
}

/// The checks that fail, in the order of §7; empty means ready.
#[must_use]
pub fn failed_checks(findings: &ReadinessFindings, now: Timestamp) -> Vec<ReadinessReason> {
    use ReadinessReason as R;
    let is_price_valid =
        findings.is_price_locked || findings.price_valid_until.is_none_or(|until| now <= until);
    [
        (findings.is_quote_accepted, R::QuoteNoLongerAccepted),
        (findings.is_revision_locked, R::QuoteRevisionNotLocked),
        (is_price_valid, R::PriceNoLongerValid),
        (findings.is_approved, R::ApprovalNotValid),
        (findings.is_customer_known, R::CustomerNotFound),
        (findings.is_billing_account_ready, R::BillingAccountNotReady),
        (findings.is_contract_complete, R::ContractDataIncomplete),
        (!findings.has_duplicate_order, R::DuplicateOrderForQuoteRevision),
        (findings.are_documents_complete, R::RequiredDocumentMissing),
    ]
    .into_iter()
    .filter_map(|(holds, reason)| (!holds).then_some(reason))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: ReadinessFindings = ReadinessFindings {
        is_quote_accepted: true,
        is_revision_locked: true,
        price_valid_until: None,
        is_price_locked: false,
        is_approved: true,
        is_customer_known: true,
        is_billing_account_ready: true,
        is_contract_complete: true,
        has_duplicate_order: false,
        are_documents_complete: true,
    };

    #[test]
    fn an_order_is_ready_when_no_check_fails() {
        assert_eq!(failed_checks(&READY, Timestamp::UNIX_EPOCH), []);
    }

    #[test]
    fn every_check_is_evaluated_not_only_the_first() {
        let nothing_holds = ReadinessFindings {
            is_quote_accepted: false,
            is_revision_locked: false,
            price_valid_until: Some(Timestamp::MIN),
            is_price_locked: false,
            is_approved: false,
            is_customer_known: false,
            is_billing_account_ready: false,
            is_contract_complete: false,
            has_duplicate_order: true,
            are_documents_complete: false,
        };

        assert_eq!(failed_checks(&nothing_holds, Timestamp::UNIX_EPOCH), ReadinessReason::ALL);
    }

    #[test]
    fn a_price_that_ran_out_is_fine_when_accepted_under_locked_terms() {
        let ended = ReadinessFindings { price_valid_until: Some(Timestamp::MIN), ..READY };
        let locked = ReadinessFindings { is_price_locked: true, ..ended };

        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(failed_checks(&ended, now), [ReadinessReason::PriceNoLongerValid]);
        assert_eq!(failed_checks(&locked, now), []);
    }
}
