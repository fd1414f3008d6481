//! What one round looks for: one file per kind of thing that can have been forgotten.
//!
//! Every sweep has the same shape: find a few by a partial index, settle them, count them in the
//! summary, and say how many were found, so that a full sweep is followed by another round at once.
//! A sweep that fails is logged and leaves the others their turn.

mod batch;
pub(crate) mod circuits;
pub(crate) mod contradictions;
pub(crate) mod due_steps;
mod engine_cases;
pub(crate) mod engine_reports;
pub(crate) mod liveness;
pub(crate) mod lost_dispatches;
pub(crate) mod overdue_cases;
pub(crate) mod processes;
pub(crate) mod unmatched_callbacks;

use lambda_support::Deadline;

/// The run that a sweep belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    /// The invocation's id, in the worker id of what is written.
    pub(crate) request_id: &'a str,
    /// Nothing is begun after it.
    pub(crate) deadline: Deadline,
}
