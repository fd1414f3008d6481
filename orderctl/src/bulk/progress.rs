//! How far a bulk action is, whose turn it is, and what that person types.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fields::{list, shown, text};

/// Cases with these need somebody's eyes.
pub(super) const TROUBLES: [&str; 4] = ["EXCLUDED", "REFUSED", "FAILED_AGAIN", "STILL_RUNNING"];

/// Who makes the next move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It goes on by itself.
    Itself,
    /// A person decides.
    Person,
    /// Nobody: it is over.
    Nobody,
}

/// Whose turn it is; a status that this program does not know may still go on.
pub(super) fn turn(status: &str) -> Turn {
    match status {
        "PREPARED" | "AWAITING_APPROVAL" | "PAUSED" => Turn::Person,
        "COMPLETED" | "ABORTED" => Turn::Nobody,
        _ => Turn::Itself,
    }
}

/// How many cases are settled, of those that the status is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) status: String,
    pub(super) settled: u64,
    pub(super) total: u64,
    failed: u64,
    running: u64,
}

impl Progress {
    pub(super) fn of(bulk: &Value) -> Self {
        let status = shown(bulk, "/status");
        // While the first few are tried, all others only wait.
        let part = if status == "CANARY" { "/canary" } else { "/counts" };
        let counted = |name| count(bulk, &format!("{part}/{name}"));
        let (total, running) = (counted("total"), counted("running"));
        let open = match status.as_str() {
            "PREPARING" => of_status(bulk, "SELECTED"),
            _ => counted("waiting") + running,
        };
        let settled = total.saturating_sub(open);
        Self { status, settled, total, failed: counted("failed"), running }
    }

    pub(super) fn as_json(&self, at: Timestamp) -> Value {
        let Self { status, settled, total, failed, running } = self;
        json!({"at": at, "status": status, "settled": settled, "total": total,
               "failed": failed, "running": running})
    }

    pub(super) fn sentence(&self) -> String {
        let Self { status, settled, total, failed, running } = self;
        match status.as_str() {
            "PREPARING" => format!("{settled} of {total} looked at"),
            _ => format!("{settled} of {total} settled, {failed} failed, {running} running"),
        }
    }
}

/// Whether it did what it was for: something succeeded, and nothing that was begun did not.
pub(super) fn is_success(bulk: &Value) -> bool {
    shown(bulk, "/status") == "COMPLETED"
        && count(bulk, "/counts/succeeded") > 0
        && count(bulk, "/counts/failed") + count(bulk, "/counts/stillRunning") == 0
}

/// What to type next: to see what went wrong, then to let it go on.
pub(super) fn next_steps(bulk: &Value) -> Vec<String> {
    let id = shown(bulk, "/bulkActionId");
    let troubles = TROUBLES.iter().filter(|status| of_status(bulk, status) > 0);
    let mut next: Vec<String> =
        troubles.map(|status| format!("orderctl bulk items {id} --status {status}")).collect();
    let decide = |command: &str| format!("orderctl bulk {command} {id} --reason CODE");
    match shown(bulk, "/status").as_str() {
        "PREPARED" => next.push(decide("start")),
        "AWAITING_APPROVAL" => {
            let but = text(bulk, "/requestedBy").map(|by| format!(" other than {by}"));
            let but = but.unwrap_or_default();
            next.push(format!("a supervisor{but}: {}", decide("approve")));
        }
        "PAUSED" => next.push(decide("resume")),
        status if turn(status) == Turn::Itself => next.push(format!("orderctl bulk watch {id}")),
        _ => {}
    }
    if turn(&shown(bulk, "/status")) == Turn::Person {
        next.push(format!("or, to give up what is left: {}", decide("abort")));
    }
    next
}

/// A number of cases; none where the API does not say.
pub(super) fn count(document: &Value, pointer: &str) -> u64 {
    document.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

fn of_status(bulk: &Value, status: &str) -> u64 {
    let groups = list(bulk, "/groups").iter().filter(|x| shown(x, "/status") == status);
    groups.map(|group| count(group, "/count")).sum()
}

#[cfg(test)]
mod tests {
    use order_domain::bulk::{BulkItemStatus, BulkStatus};

    use super::*;

    #[test]
    fn whose_turn_it_is_is_what_the_domain_says() {
        for status in BulkStatus::ALL {
            let expected = match (status.waits_for_a_person(), status.is_over()) {
                (true, _) => Turn::Person,
                (false, true) => Turn::Nobody,
                (false, false) => Turn::Itself,
            };
            assert_eq!(turn(status.as_str()), expected, "{status}");
        }
        assert_eq!(turn("A_STATUS_OF_TOMORROW"), Turn::Itself);
    }

    #[test]
    fn whoever_has_the_next_move_is_told_what_to_type() {
        for status in BulkStatus::ALL {
            let next = next_steps(&json!({"bulkActionId": "b", "status": status.as_str()}));
            assert_eq!(next.is_empty(), status.is_over(), "{status}: {next:?}");
            let may_give_up = next.iter().any(|x| x.ends_with("bulk abort b --reason CODE"));
            assert_eq!(may_give_up, status.waits_for_a_person(), "{status}: {next:?}");
        }
    }

    #[test]
    fn what_needs_eyes_is_what_was_not_done_or_has_no_result() {
        let troubles: Vec<&str> = BulkItemStatus::ALL
            .iter()
            .filter(|x| {
                let is_fine = x.is_success() || **x == BulkItemStatus::Skipped;
                x.is_settled() && !is_fine
            })
            .map(|x| x.as_str())
            .collect();
        let mut ours = TROUBLES.to_vec();
        ours.sort_by_key(|x| troubles.iter().position(|y| y == x));
        assert_eq!(ours, troubles);
    }

    #[test]
    fn success_is_that_something_was_done_and_nothing_is_left_open() {
        let ended = |status: &str, succeeded: u32, failed: u32, still_running: u32| {
            is_success(&json!({"status": status, "counts": {"succeeded": succeeded,
                "failed": failed, "stillRunning": still_running, "excluded": 3}}))
        };

        assert!(ended("COMPLETED", 2, 0, 0));
        assert!(!ended("COMPLETED", 2, 1, 0));
        assert!(!ended("COMPLETED", 2, 0, 1));
        assert!(!ended("COMPLETED", 0, 0, 0));
        assert!(!ended("ABORTED", 2, 0, 0));
    }
}
