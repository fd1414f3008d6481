//! Whether an accepted quote may become an order (§4, SYSTEM §5).

use jiff::Timestamp;

/// What the decision reads of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuoteFacts {
    /// The CPQ calls it accepted.
    pub is_accepted: bool,
    /// The revision is locked.
    pub is_revision_locked: bool,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// Until when it could be accepted.
    pub valid_until: Option<Timestamp>,
}

/// Why a quote cannot become an order. `Display` is the sentence a caller reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntakeRejection {
    /// Only an accepted quote is an obligation.
    #[error("The quote is not accepted.")]
    QuoteNotAccepted,
    /// An unlocked revision may still change.
    #[error("The quote's revision is not locked.")]
    QuoteRevisionNotLocked,
    /// The validity ended before the acceptance.
    #[error("The quote's validity ended before it was accepted.")]
    QuoteExpired,
    /// The revision is an order already.
    #[error("An order for this quote revision exists.")]
    OrderExistsForQuoteRevision,
}

impl IntakeRejection {
    /// Every refusal, for the documentation's check.
    pub const ALL: [Self; 4] = [
        Self::QuoteNotAccepted,
        Self::QuoteRevisionNotLocked,
        Self::QuoteExpired,
        Self::OrderExistsForQuoteRevision,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::QuoteNotAccepted => "QUOTE_NOT_ACCEPTED",
            Self::QuoteRevisionNotLocked => "QUOTE_REVISION_NOT_LOCKED",
            Self::QuoteExpired => "QUOTE_EXPIRED",
            Self::OrderExistsForQuoteRevision => "ORDER_EXISTS_FOR_QUOTE_REVISION",
        }
    }
}

/// Decides on the quote alone; whether an order exists is for the store's unique index.
///
/// # Errors
/// The first rule that the quote breaks.
pub fn check_quote(facts: &QuoteFacts) -> Result<(), IntakeRejection> {
    if !facts.is_accepted {
        return Err(IntakeRejection::QuoteNotAccepted);
    }
    if !facts.is_revision_locked {
        return Err(IntakeRejection::QuoteRevisionNotLocked);
    }
    match (facts.accepted_at, facts.valid_until) {
        (Some(accepted), Some(until)) if until < accepted => Err(IntakeRejection::QuoteExpired),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPTED: QuoteFacts = QuoteFacts {
        is_accepted: true,
        is_revision_locked: true,
        accepted_at: Some(Timestamp::UNIX_EPOCH),
        valid_until: Some(Timestamp::UNIX_EPOCH),
    };

    #[test]
    fn a_quote_accepted_in_time_stays_good_however_late_it_is_ordered() {
        assert_eq!(check_quote(&ACCEPTED), Ok(()));
    }

    #[test]
    fn each_broken_rule_has_its_own_refusal() {
        let open = QuoteFacts { is_accepted: false, ..ACCEPTED };
        let unlocked = QuoteFacts { is_revision_locked: false, ..ACCEPTED };
        let expired = QuoteFacts { valid_until: Some(Timestamp::MIN), ..ACCEPTED };

        assert_eq!(check_quote(&open), Err(IntakeRejection::QuoteNotAccepted));
        assert_eq!(check_quote(&unlocked), Err(IntakeRejection::QuoteRevisionNotLocked));
        assert_eq!(check_quote(&expired), Err(IntakeRejection::QuoteExpired));
    }
}
