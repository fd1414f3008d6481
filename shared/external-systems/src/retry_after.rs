//! `Retry-After`: seconds or an HTTP date, never trusted beyond an hour.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Longest wait that another system can impose on us.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

static HTTP_DATE: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

/// The wait in milliseconds, capped; `None` when there is no header or it cannot be understood.
pub(crate) fn retry_after_ms(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait_ms = if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        // More digits than u64 holds is "very long", and the cap decides.
        text.parse().unwrap_or(u64::MAX).saturating_mul(1_000)
    } else {
        let due = HTTP_DATE.parse_timestamp(text).ok()?;
        u64::try_from(due.as_millisecond().saturating_sub(now.as_millisecond())).unwrap_or(0)
    };
    Some(wait_ms.min(MAX_RETRY_AFTER.as_millis() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().expect("a header value"));
        retry_after_ms(&headers, "1994-11-06T08:49:07Z".parse().expect("a timestamp"))
    }

    #[test]
    fn seconds_and_http_dates_are_understood() {
        assert_eq!(wait("7"), Some(7_000));
        assert_eq!(wait("0"), Some(0));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30_000));
        assert_eq!(wait("Sun, 06 Nov 1994 08:48:37 GMT"), Some(0), "a date in the past");
    }

    #[test]
    fn a_long_wait_is_cut_to_an_hour() {
        assert_eq!(wait("86400"), Some(3_600_000));
        assert_eq!(wait("99999999999999999999999"), Some(3_600_000));
        assert_eq!(wait("Sat, 06 Nov 2094 08:49:37 GMT"), Some(3_600_000));
    }

    #[test]
    fn anything_else_is_no_wait() {
        for value in ["", "soon", "-5", "1.5", "1994-11-06"] {
            assert_eq!(wait(value), None, "{value:?}");
        }
        assert_eq!(retry_after_ms(&HeaderMap::new(), Timestamp::UNIX_EPOCH), None);
    }
}
