//! Bench B8: from spawning a function to its first request for an event.
//!
//! The probe and the functions take turns, one process at a time, so that whatever else the
//! machine does meets all of them alike. The first start of each is not counted: it brings the
//! binary into the page cache, and tells whether it starts at all.

mod http;
mod plan;
mod report;
mod start;
mod surroundings;

use anyhow::{Context, Result, bail};

use crate::archive::zip_size;
use crate::statistics::{Spread, ratios};

pub use plan::{Plan, Subject};
pub use report::Report;

use report::{Failure, Row};
use start::{Start, Starter};

/// Fewer rounds say nothing.
const MIN_ROUNDS: usize = 5;

/// What was measured of one binary, round by round.
#[derive(Debug, Default)]
struct Series {
    to_next_ms: Vec<f64>,
    since_secret_ms: Vec<f64>,
    peak_kib: u64,
}

/// Measures everything the plan names.
///
/// # Errors
/// A plan without rounds, a probe that does not start; functions that do not are in the report.
pub fn measure(plan: &Plan) -> Result<Report> {
    if plan.rounds < MIN_ROUNDS || plan.starts_per_round == 0 {
        bail!("at least {MIN_ROUNDS} rounds of one start are needed");
    }
    let starter = Starter::new(plan)?;
    starter.start(&plan.probe).context("the probe does not start")?;
    let mut failures = Vec::new();
    let mut subjects = vec![&plan.probe];
    for subject in &plan.subjects {
        match starter.start(subject) {
            Ok(_warm_up) => subjects.push(subject),
            Err(error) => failures.push(Failure::new(&subject.name, &error)),
        }
    }
    let mut series: Vec<Series> = subjects.iter().map(|_| Series::default()).collect();
    for _ in 0..plan.rounds {
        round(plan, &starter, &subjects, &mut series)?;
    }
    let (probe, ours) = series.split_first().context("the probe was not measured")?;
    let rows: Result<Vec<Row>> =
        subjects[1..].iter().zip(ours).map(|(subject, ours)| row(subject, ours, probe)).collect();
    Ok(Report {
        rounds: plan.rounds,
        starts_per_round: plan.starts_per_round,
        probe: row(&plan.probe, probe, probe)?,
        rows: rows?,
        failures,
    })
}

/// Starts all of them in turn, several times; the medians are the round's figures.
fn round(
    plan: &Plan,
    starter: &Starter,
    subjects: &[&Subject],
    series: &mut [Series],
) -> Result<()> {
    let mut starts: Vec<Vec<Start>> = subjects.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.starts_per_round {
        for (subject, starts) in subjects.iter().zip(&mut starts) {
            starts.push(starter.start(subject).with_context(|| subject.name.clone())?);
        }
    }
    for (starts, series) in starts.iter().zip(series) {
        let times: Vec<f64> = starts.iter().map(|start| start.to_next_ms).collect();
        let since: Vec<f64> = starts.iter().filter_map(|start| start.since_secret_ms).collect();
        series.to_next_ms.extend(Spread::of(&times).map(|spread| spread.median));
        series.since_secret_ms.extend(Spread::of(&since).map(|spread| spread.median));
        let peak = starts.iter().map(|start| start.peak_kib).max();
        series.peak_kib = series.peak_kib.max(peak.unwrap_or_default());
    }
    Ok(())
}

fn row(subject: &Subject, ours: &Series, probe: &Series) -> Result<Row> {
    let figures = "every round has a figure";
    Ok(Row {
        name: subject.name.clone(),
        to_next_ms: Spread::of(&ours.to_next_ms).context(figures)?,
        ratio: Spread::of(&ratios(&ours.to_next_ms, &probe.to_next_ms)).context(figures)?,
        since_secret_ms: Spread::of(&ours.since_secret_ms).map(|spread| spread.median),
        peak_kib: ours.peak_kib,
        zip_bytes: zip_size(&subject.binary)
            .with_context(|| format!("cannot read {}", subject.binary.display()))?,
    })
}
