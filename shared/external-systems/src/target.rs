//! The one domain-level trait: what a target system can be asked to do.

use jiff::Timestamp;
use order_domain::failure::FailureClass;
use order_domain::ids::{OrderId, OrderLineId, RequestId};
use order_domain::step::answer::StepAnswer;
use order_domain::tenant::TenantId;
use serde::Serialize;

/// A system that does work for an order.
///
/// Invariant: the request id is stored, and the transaction that stores it committed, before any
/// of these is called; every answer, also none, leads to exactly one [`StepAnswer`].
/// No method fails: what went wrong *is* the answer.
pub trait TargetSystem {
    /// Asks for work. Never answers `Absent` or `CannotTell`: a system that knows the request
    /// already (409) is queried and its answer adopted.
    fn submit(
        &self,
        request: &SubmitRequest,
        traceparent: Option<&str>,
    ) -> impl Future<Output = Exchange> + Send;

    /// Asks what became of a request. Answers `Accepted`, `Completed`, `Rejected`, `Absent`
    /// (provably never seen) or `CannotTell`, and the last without a call where the system cannot
    /// be queried.
    fn query(
        &self,
        request_id: RequestId,
        traceparent: Option<&str>,
    ) -> impl Future<Output = Exchange> + Send;

    /// Asks to withdraw a request. `Completed` means withdrawn; answers `Refused` without a call
    /// where the system cannot cancel.
    fn cancel(
        &self,
        request_id: RequestId,
        traceparent: Option<&str>,
    ) -> impl Future<Output = Exchange> + Send;
}

/// The body of a submit, exactly as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmitRequest {
    /// Our key; also travels as `Idempotency-Key`.
    pub request_id: RequestId,
    /// What shall be done, in the words of the target system.
    pub operation: String,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The line, absent for work of the whole order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_line_id: Option<OrderLineId>,
    /// The step within its plan, or what else the request is for.
    pub step_key: String,
    /// What the operation needs: the object that the catalogue's payload mapping made.
    pub payload: serde_json::Value,
    /// Where an ASYNC system reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
}

/// The meaning of what was said, and every call that was made to learn it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Exchange {
    /// What it means for the step.
    pub answer: StepAnswer,
    /// The calls, in their order: none when a capability or credential is missing, two when a
    /// submit met 409.
    pub attempts: Vec<ExchangeAttempt>,
}

/// One HTTP call, as it is recorded: never a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeAttempt {
    /// What was asked.
    pub kind: ExchangeKind,
    /// When the call began.
    pub started_at: Timestamp,
    /// How long it took until its answer was read, or given up.
    pub duration_ms: u64,
    /// The status, if one arrived.
    pub http_status: Option<u16>,
    /// The class of this call's own outcome; `None` for a success, 409 and a query's 404.
    pub failure_class: Option<FailureClass>,
}

/// What a call asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExchangeKind {
    /// Do this work.
    Submit,
    /// What became of it?
    Query,
    /// Withdraw it.
    Cancel,
}

impl ExchangeKind {
    /// The stored spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "SUBMIT",
            Self::Query => "QUERY",
            Self::Cancel => "CANCEL",
        }
    }
}
