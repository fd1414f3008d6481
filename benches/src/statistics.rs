//! Figures that survive a machine which does other work as well.
//!
//! Interleaved rounds, ratios within a round, the median of them with both ends; when the limit
//! probe itself is restless there is no verdict at all.

/// A probe that varies by more than this share makes a run worthless.
pub const MAX_PROBE_VARIATION: f64 = 0.30;

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
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&minimum, &maximum) = (sorted.first()?, sorted.last()?);
        Some(Self { median: middle(&sorted), minimum, maximum })
    }

    /// How much the largest exceeds the smallest, as a share of the smallest.
    #[must_use]
    pub fn variation(&self) -> f64 {
        (self.maximum - self.minimum) / self.minimum
    }
}

fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2.0 }
}

/// Ours in units of the limit, round by round.
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
    /// Neither pass nor fail: the probe varied too much.
    TooNoisy,
}

/// Judges the median ratio against its ceiling, if the probe was quiet enough.
pub fn judge(ratio: Spread, ceiling: f64, probe: Spread) -> Verdict {
    if probe.variation() > MAX_PROBE_VARIATION {
        Verdict::TooNoisy
    } else if ratio.median > ceiling {
        Verdict::Over
    } else {
        Verdict::Within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(figures: &[f64]) -> Spread {
        Spread::of(figures).expect("there are figures")
    }

    #[test]
    fn a_median_lies_in_the_middle_whatever_the_order() {
        let odd = Spread { median: 2.0, minimum: 1.0, maximum: 9.0 };
        assert_eq!(spread(&[9.0, 1.0, 2.0]), odd);
        assert_eq!(spread(&[4.0, 1.0, 2.0, 8.0]).median, 3.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_ratio_compares_the_figures_of_one_round() {
        // The machine was twice as slow in the second round: the ratio does not notice.
        assert_eq!(ratios(&[3.0, 6.0], &[1.0, 2.0]), [3.0, 3.0]);
    }

    #[test]
    fn a_restless_probe_is_no_verdict() {
        let (restless, quiet) = (spread(&[1.0, 1.4]), spread(&[1.0, 1.29]));

        assert_eq!(judge(spread(&[9.0]), 3.0, restless), Verdict::TooNoisy);
        assert_eq!(judge(spread(&[9.0]), 3.0, quiet), Verdict::Over);
        assert_eq!(judge(spread(&[3.0]), 3.0, quiet), Verdict::Within);
    }

    #[test]
    fn one_slow_round_does_not_decide() {
        let quiet = spread(&[1.0, 1.1]);

        assert_eq!(judge(spread(&[2.0, 2.1, 7.0]), 3.0, quiet), Verdict::Within);
    }
}
