//! Figures that survive a machine which does other work as well.
//!
//! Every ratio is of two starts of one turn, so a slow moment meets both; and because a function
//! that waits for a server loses more in a slow moment than a probe that waits for nobody, the
//! quickest quarter of the turns counts. Which turns those are, all starts of a turn decide together.
//! Two readings must agree before there is a verdict: the median of those ratios with its interval,
//! and the fastest start of each. Where they differ the run says so and decides nothing.

/// Half the width of a 95 % interval of a median, in units of the root of the sample's size.
const HALF_INTERVAL: f64 = 0.98;

/// Median with both ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub minimum: f64,
    pub maximum: f64,
}

impl Spread {
    /// Of at least one figure; `None` where there is none.
    #[must_use]
    pub fn of(figures: &[f64]) -> Option<Self> {
        let sorted = sorted(figures);
        let (&minimum, &maximum) = (sorted.first()?, sorted.last()?);
        Some(Self { median: middle(&sorted), minimum, maximum })
    }
}

/// A median and the interval that holds the true one 95 times in 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Median {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Median {
    /// From the order of the figures alone, whatever their distribution; `None` where there is none.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes of samples are small, and the difference is not negative"
    )]
    pub fn of(figures: &[f64]) -> Option<Self> {
        let sorted = sorted(figures);
        let size = sorted.len() as f64;
        let below = (size / 2.0 - HALF_INTERVAL * size.sqrt()).floor().max(0.0) as usize;
        let (low, high) = (*sorted.get(below)?, *sorted.get(sorted.len() - 1 - below)?);
        Some(Self { value: middle(&sorted), low, high })
    }
}

fn sorted(figures: &[f64]) -> Vec<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2.0 }
}

/// Of so many turns one counts.
const QUICKEST: usize = 4;

/// The places of the turns that the machine disturbed least, given how long each took altogether.
#[must_use]
pub fn quickest_quarter(totals: &[f64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..totals.len()).collect();
    places.sort_by(|&one, &other| totals[one].total_cmp(&totals[other]));
    places.truncate(totals.len().div_ceil(QUICKEST));
    places
}

/// Ours in units of the limit, pair by pair.
#[must_use]
pub fn ratios(ours: &[f64], limit: &[f64]) -> Vec<f64> {
    ours.iter().zip(limit).map(|(ours, limit)| ours / limit).collect()
}

/// What a run says about a ratio that has a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    Within,
    Over,
    /// Neither pass nor fail: the two readings differ, or the interval holds the ceiling.
    Undecided,
}

/// Judges the whole interval of the median and the ratio of the fastest starts.
pub fn judge(ratio: Median, fastest: f64, ceiling: f64) -> Verdict {
    if ratio.high <= ceiling && fastest <= ceiling {
        Verdict::Within
    } else if ratio.low > ceiling && fastest > ceiling {
        Verdict::Over
    } else {
        Verdict::Undecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_lies_in_the_middle_whatever_the_order() {
        let spread = |figures: &[f64]| Spread::of(figures).expect("there are figures");

        let odd = Spread { median: 2.0, minimum: 1.0, maximum: 9.0 };
        assert_eq!(spread(&[9.0, 1.0, 2.0]), odd);
        assert_eq!(spread(&[4.0, 1.0, 2.0, 8.0]).median, 3.0);
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Median::of(&[]), None);
    }

    #[test]
    fn a_ratio_compares_two_starts_next_to_each_other() {
        // The machine was twice as slow for the second pair: the ratio does not notice.
        assert_eq!(ratios(&[3.0, 6.0], &[1.0, 2.0]), [3.0, 3.0]);
    }

    #[test]
    fn the_quickest_quarter_of_the_turns_counts() {
        assert_eq!(quickest_quarter(&[9.0, 1.0, 8.0, 7.0, 2.0]), [1, 4]);
        assert!(quickest_quarter(&[]).is_empty());
    }

    #[test]
    fn the_interval_narrows_with_more_pairs_and_ignores_a_few_slow_ones() {
        let few: Vec<f64> = (0..5).map(f64::from).collect();
        let many: Vec<f64> = (0..100).map(|x| if x < 95 { 2.0 } else { 99.0 }).collect();

        assert_eq!(Median::of(&few), Some(Median { value: 2.0, low: 0.0, high: 4.0 }));
        assert_eq!(Median::of(&many), Some(Median { value: 2.0, low: 2.0, high: 2.0 }));
        let hundred: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(Median::of(&hundred), Some(Median { value: 49.5, low: 40.0, high: 59.0 }));
    }

    #[test]
    fn a_verdict_needs_both_readings_and_the_whole_interval() {
        let median = |low: f64, high: f64| Median { value: f64::midpoint(low, high), low, high };

        assert_eq!(judge(median(2.7, 3.0), 2.9, 3.0), Verdict::Within);
        assert_eq!(judge(median(3.1, 3.5), 3.1, 3.0), Verdict::Over);
        assert_eq!(judge(median(2.9, 3.1), 2.9, 3.0), Verdict::Undecided, "the interval holds it");
        assert_eq!(judge(median(3.1, 3.5), 2.8, 3.0), Verdict::Undecided, "a busy machine");
        assert_eq!(judge(median(2.5, 2.7), 3.2, 3.0), Verdict::Undecided, "a flattered median");
    }
}
