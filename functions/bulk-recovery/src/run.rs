//! One run of the worker, for whoever works in it.

use lambda_support::Deadline;

/// Who works, and until when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) worker_id: &'a str,
    pub(crate) deadline: Deadline,
}
