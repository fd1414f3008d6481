//! Takes turns: every contender in every database, one after the other, round by round.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::ground::Ground;

/// One contender held against another.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    pub of: usize,
    pub against: usize,
    /// The least share of the other's rate, where one is wanted.
    pub goal: Option<f64>,
}

/// Work that several contenders do, each on rows of its own.
#[expect(async_fn_in_trait, reason = "only this crate implements it, on one thread")]
pub trait Bench {
    /// The rows of one turn.
    type Work;
    const NAME: &'static str;
    /// What is counted.
    const UNIT: &'static str;
    /// What each way to do the work is called; the first one is the limit.
    const CONTENDERS: &'static [&'static str];
    const COMPARISONS: &'static [Comparison];
    /// What the numbers of finished rows may not change: the rate of this contender.
    const OURS: usize;
    /// Makes rows for one turn of a contender; not timed.
    async fn prepare(&self, ground: &Ground, contender: usize) -> Result<Self::Work>;
    /// Does the work; returns how many units that were.
    async fn run(&self, ground: &Ground, contender: usize, work: Self::Work) -> Result<usize>;
}

/// What one contender did in one turn.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// Microseconds per unit.
    pub unit_us: f64,
    /// Microseconds of processor time per unit, of this process and of the server's for it.
    pub cpu_us: f64,
    /// Bytes of WAL per unit.
    pub wal: f64,
}

/// The turns of one contender in one database, round by round.
pub type Series = Vec<Vec<Turn>>;

/// How often.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub rounds: usize,
    pub turns: usize,
}

/// Series by database, then by contender.
pub async fn measure<B: Bench>(
    bench: &B,
    grounds: &[Ground],
    effort: Effort,
    tick: impl Fn(),
) -> Result<Vec<Vec<Series>>> {
    let contenders = 0..B::CONTENDERS.len();
    for ground in grounds {
        for contender in contenders.clone() {
            // Not counted: caches and the planner's statistics come into their state.
            one_turn(bench, ground, contender).await?;
            tick();
        }
        ground.client().batch_execute("analyze").await?;
    }
    let mut all = vec![vec![vec![Vec::new(); effort.rounds]; contenders.len()]; grounds.len()];
    for round in 0..effort.rounds {
        for _ in 0..effort.turns {
            for (ground, series) in grounds.iter().zip(&mut all) {
                for (contender, series) in contenders.clone().zip(series) {
                    series[round].push(one_turn(bench, ground, contender).await?);
                    tick();
                }
            }
        }
    }
    Ok(all)
}

async fn one_turn<B: Bench>(bench: &B, ground: &Ground, contender: usize) -> Result<Turn> {
    let work = bench.prepare(ground, contender).await?;
    let (wal, cpu) = (ground.wal_bytes().await?, ground.cpu_time().await?);
    let started = Instant::now();
    let units = bench.run(ground, contender, work).await?;
    let elapsed = started.elapsed();
    let (wal, cpu) =
        (ground.wal_bytes().await? - wal, ground.cpu_time().await?.saturating_sub(cpu));
    ensure!(units > 0, "{}: a turn did nothing", B::NAME);
    #[expect(clippy::cast_precision_loss, reason = "counts and bytes of one turn are small")]
    let (units, wal) = (units as f64, wal as f64);
    let us_per_unit = |time: Duration| time.as_secs_f64() * 1e6 / units;
    Ok(Turn { unit_us: us_per_unit(elapsed), cpu_us: us_per_unit(cpu), wal: wal / units })
}

/// The middle; of no figures it is not a number.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => figures[half],
        _ => f64::midpoint(figures[half - 1], figures[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_lies_in_the_middle_whatever_the_order() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 8.0]), 3.0);
        assert!(median(Vec::new()).is_nan());
    }
}
