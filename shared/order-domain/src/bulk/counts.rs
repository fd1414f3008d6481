//! How many cases of a bulk action are where; the arithmetic that has to add up.

use std::collections::BTreeMap;

use super::item::BulkItemStatus as S;

/// Cases by status. Every case of a bulk action has exactly one, so their sum is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemCounts(BTreeMap<S, u32>);

impl ItemCounts {
    /// Counts that were taken together.
    #[must_use]
    pub fn new(counts: impl IntoIterator<Item = (S, u32)>) -> Self {
        let mut all = Self::default();
        for (status, count) in counts {
            *all.0.entry(status).or_default() += count;
        }
        all
    }

    /// Cases with this status.
    #[must_use]
    pub fn of(&self, status: S) -> u32 {
        self.0.get(&status).copied().unwrap_or(0)
    }

    fn sum(&self, belongs: impl Fn(S) -> bool) -> u32 {
        self.0.iter().filter(|(status, _)| belongs(**status)).map(|(_, count)| count).sum()
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.sum(|_| true)
    }

    /// What the action was done for, and succeeded.
    #[must_use]
    pub fn succeeded(&self) -> u32 {
        self.sum(S::is_success)
    }

    /// Refused when its turn came, or failed again.
    #[must_use]
    pub fn failed(&self) -> u32 {
        self.sum(S::is_failure)
    }

    /// Never begun: excluded by the dry run, or given up before its turn.
    #[must_use]
    pub fn skipped(&self) -> u32 {
        self.of(S::Excluded) + self.of(S::Skipped)
    }

    /// Begun, and nobody knows yet.
    #[must_use]
    pub fn undecided(&self) -> u32 {
        self.of(S::Running) + self.of(S::StillRunning)
    }

    /// Not begun yet.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.of(S::Selected) + self.of(S::Pending)
    }

    /// Whether something is still expected.
    #[must_use]
    pub fn has_open(&self) -> bool {
        self.sum(|x| !x.is_settled()) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_counted_in_exactly_one_sum() {
        for status in S::ALL {
            let one = ItemCounts::new([(*status, 7)]);
            let sums =
                [one.succeeded(), one.failed(), one.skipped(), one.undecided(), one.waiting()];

            assert_eq!(sums.iter().sum::<u32>(), one.total(), "{status}");
            assert_eq!(sums.iter().filter(|x| **x > 0).count(), 1, "{status}");
        }
    }
}
