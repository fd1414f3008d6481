//! From what was said to a target system to what the store keeps of it.

use external_systems::{Exchange, ExchangeAttempt};
use order_store::commands::RequestAttempt;

/// Every call of an exchange, in its order, as it is kept with the request.
#[must_use]
pub fn of_exchange(exchange: &Exchange) -> Vec<RequestAttempt> {
    exchange.attempts.iter().map(request_attempt).collect()
}

fn request_attempt(attempt: &ExchangeAttempt) -> RequestAttempt {
    RequestAttempt {
        kind: attempt.kind.as_str(),
        started_at: attempt.started_at,
        duration_ms: u32::try_from(attempt.duration_ms).unwrap_or(u32::MAX),
        http_status: attempt.http_status,
        failure_class: attempt.failure_class,
    }
}

#[cfg(test)]
mod tests {
    use external_systems::ExchangeKind;
    use jiff::Timestamp;
    use order_domain::failure::FailureClass;
    use order_domain::step::answer::StepAnswer;

    use super::*;

    #[test]
    fn a_call_is_kept_whole_and_an_endless_one_at_the_longest_the_store_knows() {
        let attempt = ExchangeAttempt {
            kind: ExchangeKind::Query,
            started_at: Timestamp::UNIX_EPOCH,
            duration_ms: u64::MAX,
            http_status: Some(503),
            failure_class: Some(FailureClass::RetryableTechnical),
        };
        let exchange = Exchange { answer: StepAnswer::Absent, attempts: vec![attempt] };

        let kept = of_exchange(&exchange);

        let expected = RequestAttempt {
            kind: "QUERY",
            started_at: Timestamp::UNIX_EPOCH,
            duration_ms: u32::MAX,
            http_status: Some(503),
            failure_class: Some(FailureClass::RetryableTechnical),
        };
        assert_eq!(kept, [expected]);
    }
}
