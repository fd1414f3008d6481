//! Why an order was not created: the business "no" that is kept, and the technical one that is not.

use http::StatusCode;
use lambda_support::error_chain;
use lambda_support::problem::{Problem, ProblemCode};
use order_domain::ids::OrderId;
use order_domain::intake::IntakeRejection;
use order_store::StoreError;

use crate::draft::QuoteDefect;
use crate::policy::{MAX_RETRY_AFTER_SECONDS, RETRY_AFTER_SECONDS};

pub(crate) const TITLE: &str = "The quote cannot become an order.";

/// A business "no": stored under its key, audited, and the same for every repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) problem: Problem,
    /// The order that exists already.
    pub(crate) order_id: Option<OrderId>,
}

impl Refusal {
    /// The CPQ knows no such quote or revision.
    pub(crate) fn quote_not_found() -> Self {
        Self::of(StatusCode::UNPROCESSABLE_ENTITY, "QUOTE_NOT_FOUND")
            .with_detail("The CPQ knows no such quote revision.")
    }

    /// The quote is accepted and locked, and still contradicts itself: sales must revise it.
    pub(crate) fn quote_invalid(defects: &[QuoteDefect]) -> Self {
        let mut refusal = Self::of(StatusCode::UNPROCESSABLE_ENTITY, "QUOTE_INVALID")
            .with_detail("The quote contradicts itself; sales must make a new revision.");
        for defect in defects {
            refusal.problem = refusal.problem.with_error(defect.pointer.as_str(), defect.detail);
        }
        refusal
    }

    /// A rule of the domain is broken.
    pub(crate) fn rejected(rejection: IntakeRejection) -> Self {
        let status = match rejection {
            IntakeRejection::OrderExistsForQuoteRevision => StatusCode::CONFLICT,
            IntakeRejection::QuoteNotAccepted
            | IntakeRejection::QuoteRevisionNotLocked
            | IntakeRejection::QuoteExpired => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::of(status, rejection.code()).with_detail(rejection.to_string())
    }

    /// The revision is an order already.
    pub(crate) fn order_exists(order_id: OrderId) -> Self {
        let refusal = Self::rejected(IntakeRejection::OrderExistsForQuoteRevision);
        Self { order_id: Some(order_id), ..refusal }
    }

    fn of(status: StatusCode, code: &'static str) -> Self {
        Self { problem: Problem::business(status, code, TITLE), order_id: None }
    }

    fn with_detail(mut self, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.problem = self.problem.with_detail(detail);
        self
    }
}

/// The same request is being worked on, or was a moment ago.
pub(crate) fn running() -> Problem {
    Problem::new(ProblemCode::RequestInProgress).with_retry_after_seconds(RETRY_AFTER_SECONDS)
}

/// The CPQ did not answer usably: nothing was decided.
pub(crate) fn cpq_unavailable(retry_after_ms: Option<u64>) -> Problem {
    let seconds = retry_after_ms.map_or(RETRY_AFTER_SECONDS, |pause_ms| {
        u32::try_from(pause_ms.div_ceil(1000)).unwrap_or(u32::MAX)
    });
    Problem::new(ProblemCode::SourceUnavailable)
        .with_detail("the CPQ does not answer")
        .with_retry_after_seconds(seconds.clamp(1, MAX_RETRY_AFTER_SECONDS))
}

/// The database did not do what it was asked to.
pub(crate) fn store_failed(error: &StoreError) -> Problem {
    tracing::error!(error = error_chain(error), "the store failed");
    // Two orders drew the same number: the next try draws another.
    let is_number_taken = error.constraint() == Some("order_number_is_unique_in_tenant");
    if error.is_retryable() || is_number_taken {
        Problem::new(ProblemCode::SourceUnavailable).with_retry_after_seconds(RETRY_AFTER_SECONDS)
    } else {
        Problem::internal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_that_the_cpq_asks_for_is_passed_on_within_bounds() {
        let after = |ms| cpq_unavailable(ms);

        assert_eq!(after(None), after(Some(5_000)));
        assert_eq!(after(Some(0)), after(Some(1)));
        assert_eq!(after(Some(u64::MAX)), after(Some(300_000)));
        assert_ne!(after(Some(1_001)), after(Some(1_000)));
    }

    #[test]
    fn only_an_existing_order_is_a_conflict() {
        for rejection in IntakeRejection::ALL {
            let refusal = Refusal::rejected(rejection);
            let is_conflict = refusal.problem.status() == StatusCode::CONFLICT;

            assert_eq!(refusal.problem.code(), rejection.code());
            assert_eq!(is_conflict, rejection == IntakeRejection::OrderExistsForQuoteRevision);
        }
    }
}
