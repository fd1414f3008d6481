//! How the lines of one order follow from their step counters and from each other.
//!
//! ```text
//! NOT_STARTED → IN_PROGRESS → FULFILLED        FULFILLED, WAIVED and CANCELLED stay
//!                  ↕ a mandatory step fails or is retried
//!                FAILED
//! ```
//! A line that was settled without one of its mandatory steps is WAIVED by who agreed to that.
//! A line without steps takes its status from its children; a line with neither (NO_CHANGE) is
//! settled when fulfillment starts.

use super::status::LineStatus;
use crate::ids::OrderLineId;

/// What the derivation reads of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineFacts {
    /// The line.
    pub id: OrderLineId,
    /// The bundle line above it.
    pub parent: Option<OrderLineId>,
    /// Its stored status.
    pub status: LineStatus,
    /// Steps of its own in the plan.
    pub step_count: u32,
    /// Steps of its own that are not settled.
    pub remaining_step_count: u32,
    /// Mandatory steps of its own that are FAILED.
    pub failed_step_count: u32,
    /// Mandatory steps of its own that authority left out.
    pub skipped_step_count: u32,
    /// At least one of its steps was submitted.
    pub is_started: bool,
}

/// The statuses that changed, children before parents.
///
/// Runs only after the release of the plan; before it every line is NOT_STARTED.
#[must_use]
pub fn derive_line_statuses(lines: &[LineFacts]) -> Vec<(OrderLineId, LineStatus)> {
    let mut current: Vec<LineFacts> = lines.to_vec();
    let mut changes = Vec::new();
    // A bundle may hold bundles: repeat until nothing moves. Each pass settles one level.
    loop {
        let moved: Vec<(usize, LineStatus)> = (0..current.len())
            .filter_map(|index| {
                let next = derive_one(&current[index], &current);
                (next != current[index].status).then_some((index, next))
            })
            .collect();
        if moved.is_empty() {
            return changes;
        }
        for (index, next) in moved {
            current[index].status = next;
            changes.retain(|(id, _)| *id != current[index].id);
            changes.push((current[index].id, next));
        }
    }
}

fn derive_one(line: &LineFacts, all: &[LineFacts]) -> LineStatus {
    if !line.status.is_derived() {
        return line.status;
    }
    if line.step_count > 0 {
        return derive_from_steps(line);
    }
    let children: Vec<LineStatus> =
        all.iter().filter(|x| x.parent == Some(line.id)).map(|x| x.status).collect();
    derive_from_children(&children)
}

fn derive_from_steps(line: &LineFacts) -> LineStatus {
    if line.failed_step_count > 0 {
        LineStatus::Failed
    } else if line.remaining_step_count == 0 && line.skipped_step_count > 0 {
        LineStatus::Waived
    } else if line.remaining_step_count == 0 {
        LineStatus::Fulfilled
    } else if line.is_started || line.remaining_step_count < line.step_count {
        LineStatus::InProgress
    } else {
        LineStatus::NotStarted
    }
}

fn derive_from_children(children: &[LineStatus]) -> LineStatus {
    let is_all_settled = children.iter().all(|x| x.is_settled());
    let is_any = |status: LineStatus| children.contains(&status);
    if is_all_settled {
        LineStatus::Fulfilled
    } else if is_any(LineStatus::Failed) {
        LineStatus::Failed
    } else if is_any(LineStatus::InProgress) || children.iter().any(|x| x.is_settled()) {
        LineStatus::InProgress
    } else {
        LineStatus::NotStarted
    }
}

#[cfg(test)]
mod tests;
