//! Where a bulk action goes by itself, by the counts of its cases and the clock.

use jiff::Timestamp;

use super::counts::ItemCounts;
use super::item::BulkItemStatus;
use super::status::BulkStatus as S;

/// What the next step of a bulk action depends on.
#[derive(Debug, Clone)]
pub struct BulkFacts {
    /// Where it is.
    pub status: S,
    /// All cases.
    pub counts: ItemCounts,
    /// The first few.
    pub canary: ItemCounts,
    /// When the first few have had their time, whatever became of them.
    pub canary_due_at: Option<Timestamp>,
    /// When it ends without a person.
    pub expires_at: Option<Timestamp>,
    /// How many failures it puts up with.
    pub pause_after_failures: u32,
    /// Failures that somebody has seen and resumed after.
    pub forgiven_failures: u32,
}

/// What becomes of a bulk action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Advance {
    /// Nothing yet.
    Stay,
    /// The dry run is complete.
    Prepare,
    /// The first few have results.
    AwaitApproval,
    /// Too many failures: a person has to look.
    Pause,
    /// Nobody came.
    Expire,
    /// Everything that was begun has its result.
    End,
}

/// The next step, if there is one now.
pub fn advance(facts: &BulkFacts, now: Timestamp) -> Advance {
    let is_past = |at: Option<Timestamp>| at.is_some_and(|x| x <= now);
    let waiting = facts.counts.of(BulkItemStatus::Pending);
    match facts.status {
        S::Preparing if facts.counts.of(BulkItemStatus::Selected) > 0 => Advance::Stay,
        // Nothing can be done to any of them: there is nothing to start.
        S::Preparing if waiting == 0 => Advance::End,
        S::Preparing => Advance::Prepare,
        // There is nothing left to hold back.
        S::Paused if !facts.counts.has_open() => Advance::End,
        S::Prepared | S::AwaitingApproval | S::Paused if is_past(facts.expires_at) => {
            Advance::Expire
        }
        S::Prepared | S::AwaitingApproval | S::Paused => Advance::Stay,
        S::Canary if facts.canary.waiting() > 0 => Advance::Stay,
        S::Canary if facts.canary.has_open() && !is_past(facts.canary_due_at) => Advance::Stay,
        S::Canary if waiting > 0 => Advance::AwaitApproval,
        S::Canary | S::Aborting if facts.counts.has_open() => Advance::Stay,
        S::Running if !facts.counts.has_open() => Advance::End,
        S::Running
            if waiting > 0
                && facts.counts.failed().saturating_sub(facts.forgiven_failures)
                    >= facts.pause_after_failures =>
        {
            Advance::Pause
        }
        S::Running => Advance::Stay,
        S::Canary | S::Aborting => Advance::End,
        S::Completed | S::Aborted => Advance::Stay,
    }
}

impl Advance {
    /// The status that it leads to; `None` where it stays.
    #[must_use]
    pub const fn status(self, from: S) -> Option<S> {
        match (self, from) {
            (Self::Stay, _) => None,
            (Self::Prepare, _) => Some(S::Prepared),
            (Self::AwaitApproval, _) => Some(S::AwaitingApproval),
            (Self::Pause, _) => Some(S::Paused),
            (Self::Expire, _) => Some(S::Aborting),
            (Self::End, S::Aborting) => Some(S::Aborted),
            (Self::End, _) => Some(S::Completed),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn facts(status: S, counts: &[(BulkItemStatus, u32)]) -> BulkFacts {
        BulkFacts {
            status,
            counts: ItemCounts::new(counts.iter().copied()),
            canary: ItemCounts::default(),
            canary_due_at: None,
            expires_at: None,
            pause_after_failures: 20,
            forgiven_failures: 0,
        }
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    use BulkItemStatus as I;

    #[test]
    fn a_dry_run_ends_when_every_case_was_looked_at_and_ends_all_when_none_is_left() {
        let of = |counts: &[_]| advance(&facts(S::Preparing, counts), NOW);

        assert_eq!(of(&[(I::Selected, 1), (I::Pending, 9)]), Advance::Stay);
        assert_eq!(of(&[(I::Excluded, 1), (I::Pending, 9)]), Advance::Prepare);
        assert_eq!(of(&[(I::Excluded, 10)]), Advance::End);
    }

    #[test]
    fn the_others_wait_for_a_second_person_until_the_first_few_have_results_or_had_their_time() {
        let counts = [(I::Pending, 90), (I::Running, 1), (I::Resolved, 4)];
        let mut canary = facts(S::Canary, &counts);
        canary.canary = ItemCounts::new([(I::Running, 1), (I::Resolved, 4)]);
        canary.canary_due_at = Some(NOW + SignedDuration::from_mins(10));

        assert_eq!(advance(&canary, NOW), Advance::Stay);
        let later = NOW + SignedDuration::from_mins(10);
        assert_eq!(advance(&canary, later), Advance::AwaitApproval);
        canary.canary = ItemCounts::new([(I::FailedAgain, 1), (I::Resolved, 4)]);
        assert_eq!(advance(&canary, NOW), Advance::AwaitApproval);
    }

    #[test]
    fn few_cases_need_no_second_person() {
        let mut canary = facts(S::Canary, &[(I::Resolved, 5), (I::Excluded, 2)]);
        canary.canary = ItemCounts::new([(I::Resolved, 5)]);

        assert_eq!(advance(&canary, NOW), Advance::End);
    }

    #[test]
    fn too_many_failures_pause_it_and_what_somebody_has_seen_does_not_count_again() {
        let mut running =
            facts(S::Running, &[(I::Pending, 5), (I::Refused, 12), (I::FailedAgain, 8)]);

        assert_eq!(advance(&running, NOW), Advance::Pause);
        running.forgiven_failures = 1;
        assert_eq!(advance(&running, NOW), Advance::Stay);
        let last = facts(S::Running, &[(I::Running, 1), (I::Refused, 30)]);
        assert_eq!(advance(&last, NOW), Advance::Stay, "there is nothing left to hold back");
    }

    #[test]
    fn whatever_waits_for_a_person_ends_by_itself() {
        for status in S::ALL.iter().filter(|x| x.waits_for_a_person()) {
            let mut waiting = facts(*status, &[(I::Pending, 5)]);
            waiting.expires_at = Some(NOW);

            assert_eq!(advance(&waiting, NOW), Advance::Expire, "{status}");
            assert_eq!(Advance::Expire.status(*status), Some(S::Aborting));
        }
    }

    #[test]
    fn a_pause_with_nothing_left_to_hold_back_ends_as_done() {
        let paused = facts(S::Paused, &[(I::Resolved, 5), (I::StillRunning, 1)]);

        assert_eq!(advance(&paused, NOW), Advance::End);
        assert_eq!(Advance::End.status(S::Paused), Some(S::Completed));
        assert_eq!(advance(&facts(S::Paused, &[(I::Running, 1)]), NOW), Advance::Stay);
    }

    #[test]
    fn nothing_ends_before_what_was_begun_has_its_result() {
        for status in [S::Running, S::Aborting] {
            assert_eq!(advance(&facts(status, &[(I::Running, 1)]), NOW), Advance::Stay);
            assert_eq!(advance(&facts(status, &[(I::StillRunning, 1)]), NOW), Advance::End);
        }
    }
}
