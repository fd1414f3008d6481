//! What follows a request across systems: our correlation id and the caller's trace context.
//!
//! The correlation id is ours and always there. The W3C `traceparent` is passed on untouched when
//! it is well formed and dropped otherwise: it is not worth refusing a request for.

use std::fmt;
use std::str::FromStr;

use ::http::{HeaderMap, HeaderName};
use order_domain::ids::CorrelationId;
use uuid::Uuid;

/// Carries the correlation id in requests and responses.
pub const CORRELATION_HEADER: HeaderName = HeaderName::from_static("x-correlation-id");
/// Carries the trace context (W3C Trace Context).
pub const TRACEPARENT_HEADER: HeaderName = HeaderName::from_static("traceparent");

/// A new correlation id; time-ordered, so that log searches stay local.
#[must_use]
pub fn new_correlation_id() -> CorrelationId {
    CorrelationId::from_uuid(Uuid::now_v7())
}

/// The correlation id of a request, or a new one when there is none or it is not a UUID.
#[must_use]
pub fn correlation_id_of(headers: &HeaderMap) -> CorrelationId {
    let given = headers.get(CORRELATION_HEADER).and_then(|value| value.to_str().ok());
    given.and_then(|text| text.parse().ok()).unwrap_or_else(new_correlation_id)
}

/// A well-formed `traceparent`: version, trace id, parent id and flags in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent(String);

/// The text is not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent")]
pub struct InvalidTraceParent;

impl TraceParent {
    /// The text to send on.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trace context of a request, if it has a well-formed one.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        headers.get(TRACEPARENT_HEADER)?.to_str().ok()?.parse().ok()
    }
}

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let parts: Vec<&str> = text.split('-').collect();
        match parts.as_slice() {
            [version, trace, parent, flags]
                if is_hex(version, 2)
                    && *version != "ff"
                    && is_hex(trace, 32)
                    && is_hex(parent, 16)
                    && is_hex(flags, 2)
                    && trace.bytes().any(|digit| digit != b'0')
                    && parent.bytes().any(|digit| digit != b'0') =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidTraceParent),
        }
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_well_formed_trace_context_is_passed_on() {
        assert_eq!(VALID.parse::<TraceParent>().unwrap().as_str(), VALID);
    }

    #[test]
    fn a_malformed_trace_context_is_dropped() {
        let refused = [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ];
        for text in refused {
            assert_eq!(text.parse::<TraceParent>(), Err(InvalidTraceParent), "{text}");
            let headers = HeaderMap::from_iter([(TRACEPARENT_HEADER, text.parse().unwrap())]);
            assert_eq!(TraceParent::from_headers(&headers), None);
        }
    }

    #[test]
    fn a_correlation_id_is_kept_when_it_is_a_uuid_and_made_otherwise() {
        let id = new_correlation_id();
        let with = |text: &str| HeaderMap::from_iter([(CORRELATION_HEADER, text.parse().unwrap())]);

        assert_eq!(correlation_id_of(&with(&id.to_string())), id);
        let made = correlation_id_of(&with("canary\tvalue"));
        assert_ne!(made, id);
        assert_ne!(correlation_id_of(&HeaderMap::new()), made);
    }
}
