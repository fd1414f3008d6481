//! One table per bench: rates, shares of the probes with minimum and maximum, and WAL.

use std::fmt::Write;

use crate::measure::{Bench, Comparison, Series, Turn, median};

/// A probe that varies more between rounds says nothing about anybody else.
const NOISE: f64 = 0.3;
/// How much of the rate must be left beside any number of finished rows.
const FLAT: f64 = 0.9;

/// Median, minimum and maximum of the rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    minimum: f64,
    median: f64,
    maximum: f64,
}

impl Spread {
    fn of(figures: &[f64]) -> Self {
        let fold =
            |start: f64, pick: fn(f64, f64) -> f64| figures.iter().copied().fold(start, pick);
        Self {
            minimum: fold(f64::INFINITY, f64::min),
            median: median(figures.to_vec()),
            maximum: fold(f64::NEG_INFINITY, f64::max),
        }
    }

    fn is_noisy(self) -> bool {
        (self.maximum - self.minimum) / self.median > NOISE
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.median < 100.0 { 2 } else { 0 };
        write!(
            f,
            "{:.digits$} / {:.digits$} / {:.digits$}",
            self.minimum, self.median, self.maximum
        )
    }
}

/// What a run says about a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Met,
    Missed,
    /// Neither: the probe varied too much.
    TooNoisy,
}

fn judge(share: Spread, probe: Spread, goal: f64) -> Verdict {
    match () {
        () if probe.is_noisy() => Verdict::TooNoisy,
        () if share.median >= goal => Verdict::Met,
        () => Verdict::Missed,
    }
}

/// The median of each round's turns.
fn by_round(series: &Series, of: impl Fn(&Turn) -> f64) -> Vec<f64> {
    series.iter().map(|turns| median(turns.iter().map(&of).collect())).collect()
}

/// The probe's cost by ours, the median of each round's pairs of turns.
fn shares(ours: &Series, probe: &Series, cost: fn(&Turn) -> f64) -> Spread {
    let pairs = |(ours, probe): (&Vec<Turn>, &Vec<Turn>)| {
        median(ours.iter().zip(probe).map(|(x, y)| cost(y) / cost(x)).collect())
    };
    Spread::of(&ours.iter().zip(probe).map(pairs).collect::<Vec<f64>>())
}

const fn time(turn: &Turn) -> f64 {
    turn.unit_us
}

const fn processor_time(turn: &Turn) -> f64 {
    turn.cpu_us
}

fn rate(series: &Series) -> Spread {
    Spread::of(&by_round(series, |x| 1e6 / x.unit_us))
}

/// A bench's table, and whether a goal was missed.
#[derive(Debug)]
pub struct Report {
    pub text: String,
    pub is_missed: bool,
}

impl Report {
    /// Of what was measured in databases with these numbers of finished rows.
    #[must_use]
    pub fn of<B: Bench>(histories: &[u64], measured: &[Vec<Series>]) -> Self {
        let mut report = Self { text: String::new(), is_missed: false };
        let (name, unit) = (B::NAME, B::UNIT);
        report.line(&format!(
            "\n{name}: {unit}s per second, minimum / median / maximum of the rounds"
        ));
        report.line(
            "| finished rows | who | rate | processor µs | WAL bytes |\n|---|---|---|---|---|",
        );
        for (history, series) in histories.iter().zip(measured) {
            for (name, series) in B::CONTENDERS.iter().zip(series) {
                let wal = median(by_round(series, |x| x.wal));
                let cpu = median(by_round(series, |x| x.cpu_us));
                let rate = rate(series);
                report.line(&format!("| {history} | {name} | {rate} | {cpu:.1} | {wal:.0} |"));
            }
        }
        report.line("\n| finished rows | ratio | of rates | of processor time | goal | verdict |");
        report.line("|---|---|---|---|---|---|");
        for (history, series) in histories.iter().zip(measured) {
            for comparison in B::COMPARISONS {
                report.compare::<B>(*history, series, *comparison);
            }
        }
        if let [first, more @ ..] = measured {
            for (history, series) in histories.iter().skip(1).zip(more) {
                let beside =
                    |x: usize| format!("{} : same beside {}", B::CONTENDERS[x], histories[0]);
                report.judged(
                    (*history, &beside(B::OURS)),
                    (&series[B::OURS], &first[B::OURS]),
                    Some(FLAT),
                );
                report.judged((*history, &beside(0)), (&series[0], &first[0]), None);
            }
        }
        report
    }

    fn compare<B: Bench>(&mut self, history: u64, series: &[Series], comparison: Comparison) {
        let Comparison { of, against, goal } = comparison;
        let what = format!("{} : {}", B::CONTENDERS[of], B::CONTENDERS[against]);
        self.judged((history, &what), (&series[of], &series[against]), goal);
    }

    fn judged(
        &mut self,
        (history, what): (u64, &str),
        (ours, probe): (&Series, &Series),
        goal: Option<f64>,
    ) {
        let share = shares(ours, probe, time);
        let (goal, verdict) = match goal {
            None => (String::new(), ""),
            Some(goal) => {
                let verdict = judge(share, rate(probe), goal);
                self.is_missed |= verdict == Verdict::Missed;
                let text = match verdict {
                    Verdict::Met => "met",
                    Verdict::Missed => "missed",
                    Verdict::TooNoisy => "too noisy",
                };
                (format!("≥ {goal}"), text)
            }
        };
        let cpu = shares(ours, probe, processor_time);
        self.line(&format!("| {history} | {what} | {share} | {cpu} | {goal} | {verdict} |"));
    }

    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(rounds: &[&[f64]]) -> Series {
        let turn = |unit_us: &f64| Turn { unit_us: *unit_us, cpu_us: 1.0, wal: 0.0 };
        rounds.iter().map(|turns| turns.iter().map(turn).collect()).collect()
    }

    #[test]
    fn a_ratio_compares_two_turns_next_to_each_other() {
        // The machine was twice as slow for the second round: the ratio does not notice.
        let ratio = shares(&series(&[&[2.0], &[4.0]]), &series(&[&[1.0], &[2.0]]), time);

        assert_eq!(ratio, Spread { minimum: 0.5, median: 0.5, maximum: 0.5 });
    }

    #[test]
    fn a_probe_that_varies_too_much_decides_nothing() {
        let spread = |minimum, maximum| Spread { minimum, median: 100.0, maximum };
        let (steady, noisy) = (spread(90.0, 110.0), spread(80.0, 115.0));
        let ratio = |median| Spread { minimum: median, median, maximum: median };

        assert_eq!(judge(ratio(0.5), steady, 0.5), Verdict::Met);
        assert_eq!(judge(ratio(0.4), steady, 0.5), Verdict::Missed);
        assert_eq!(judge(ratio(0.5), noisy, 0.5), Verdict::TooNoisy);
    }

    #[test]
    fn one_disturbed_turn_does_not_make_a_round() {
        let disturbed = series(&[&[10.0, 10.0, 99.0]]);

        assert_eq!(by_round(&disturbed, |x| x.unit_us), [10.0]);
    }
}
