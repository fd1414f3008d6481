//! What can happen to a submit, exhaustively, and the failure class of each (§26).
//!
//! `docs/outcome-classification.md` has a row for each; a test reads it.

use order_domain::failure::FailureClass;

use crate::wire::Report;

macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident $({ $($field:ident: $type:ty),+ })? $(($inner:ty))? = $class:expr;)+) => {
        /// One thing that can happen.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum OutcomeCase {
            $($(#[$doc])* $name $({ $($field: $type),+ })? $(($inner))?,)+
        }

        impl OutcomeCase {
            /// Every case by name, for the table.
            #[cfg(test)]
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Its name, as the table has it.
            #[cfg(test)]
            pub(crate) fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name),)+ }
            }

            /// Its class; `None` where nothing failed.
            pub(crate) const fn class(&self) -> Option<FailureClass> {
                match self { $(Self::$name { .. } => $class,)+ }
            }
        }
    };
}

const RETRYABLE: Option<FailureClass> = Some(FailureClass::RetryableTechnical);
const NON_RETRYABLE: Option<FailureClass> = Some(FailureClass::NonRetryableTechnical);
const UNKNOWN: Option<FailureClass> = Some(FailureClass::UnknownOutcome);

cases! {
    /// 200 with a valid body.
    Completed(Box<Report>) = None;
    /// 202 with a valid body.
    Accepted(Box<Report>) = None;
    /// 409: it has to be asked.
    AlreadyKnown = None;
    /// 422 with a code.
    Rejected { code: String, external_reference: Option<String> } = Some(FailureClass::BusinessRejection);
    /// 422 that says nothing anybody could act on.
    RejectedWithoutCode = UNKNOWN;
    /// The request could not be made; nothing left this machine.
    NotBuilt = NON_RETRYABLE;
    /// No connection: refused, no such name, no TLS, or not in time. Nothing was executed.
    NotConnected = RETRYABLE;
    /// 429.
    Throttled { retry_after_ms: Option<u64> } = RETRYABLE;
    /// 503.
    Unavailable { retry_after_ms: Option<u64> } = RETRYABLE;
    /// 400, 401, 403, 404, 405, 413, 415.
    RequestAtFault = NON_RETRYABLE;
    /// 500, 502, 504.
    ServerFault = UNKNOWN;
    /// Sent, and no status in time, before or after the effect.
    TimedOut = UNKNOWN;
    /// Sent, and the connection ended before a status.
    Lost = UNKNOWN;
    /// A status, and its body did not end in time.
    BodyTimedOut = UNKNOWN;
    /// A status, and the connection ended inside the body.
    BodyLost = UNKNOWN;
    /// 200 or 202 whose body is no JSON, of another type, against the contract, or too large.
    InvalidBody = UNKNOWN;
    /// Another 2xx.
    OtherSuccess = UNKNOWN;
    /// 3xx, which is never followed.
    Redirect = UNKNOWN;
    /// Any other status.
    OtherStatus = UNKNOWN;
}
