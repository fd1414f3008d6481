//! Bench B8: from spawning a function to its first request for an event.
//!
//! The probe and the functions take turns, one process at a time, so that whatever else the
//! machine does meets all of them alike, and each ratio is of two starts of one turn. The first
//! start of each is not counted: it brings the binary into the page cache, and tells whether it
//! starts at all.

mod http;
mod plan;
mod report;
mod start;
mod surroundings;

use anyhow::{Context, Result, bail};

use crate::archive::zip_size;
use crate::statistics::{Median, Spread, quickest_quarter, ratios};

pub use plan::{Plan, Subject};
pub use report::Report;

use report::{Failure, Row};
use start::{Start, Starter};

/// Fewer rounds say nothing.
const MIN_ROUNDS: usize = 5;

/// What was measured of one binary, turn by turn.
#[derive(Debug, Default)]
struct Series {
    to_next_ms: Vec<f64>,
    cpu_ms: Vec<f64>,
    since_secret_ms: Vec<f64>,
    peak_kib: u64,
}

impl Series {
    fn take(&mut self, start: Start) {
        self.to_next_ms.push(start.to_next_ms);
        self.cpu_ms.push(start.cpu_ms);
        self.since_secret_ms.extend(start.since_secret_ms);
        self.peak_kib = self.peak_kib.max(start.peak_kib);
    }
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
    let load_before = load();
    let mut series: Vec<Series> = subjects.iter().map(|_| Series::default()).collect();
    let turns = plan.rounds * plan.starts_per_round;
    let mut totals = vec![0.0; turns];
    for total in &mut totals {
        for (subject, series) in subjects.iter().zip(&mut series) {
            let start = starter.start(subject).with_context(|| subject.name.clone())?;
            *total += start.to_next_ms;
            series.take(start);
        }
    }
    let quick = quickest_quarter(&totals);
    let (probe, ours) = series.split_first().context("the probe was not measured")?;
    let rows: Result<Vec<Row>> = subjects[1..]
        .iter()
        .zip(ours)
        .map(|(subject, ours)| row(subject, ours, probe, &quick))
        .collect();
    Ok(Report {
        turns,
        load: [load_before, load()],
        probe: row(&plan.probe, probe, probe, &quick)?,
        rows: rows?,
        failures,
    })
}

/// How many processes wanted to run during the last minute; `?` where nobody knows.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("?").to_owned()
}

fn row(subject: &Subject, ours: &Series, probe: &Series, quick: &[usize]) -> Result<Row> {
    let figures = "every turn has a figure";
    let spread = |of: &[f64]| Spread::of(of).context(figures);
    let median = |of: &[f64]| Median::of(of).context(figures);
    let chosen = |of: &[f64]| -> Vec<f64> { quick.iter().map(|&turn| of[turn]).collect() };
    let times = ratios(&ours.to_next_ms, &probe.to_next_ms);
    let fastest = spread(&ours.to_next_ms)?.minimum / spread(&probe.to_next_ms)?.minimum;
    Ok(Row {
        name: subject.name.clone(),
        to_next_ms: spread(&chosen(&ours.to_next_ms))?.median,
        ratio: median(&chosen(&times))?,
        ratio_of_all: median(&times)?.value,
        fastest_ratio: fastest,
        cpu_ratio: median(&chosen(&ratios(&ours.cpu_ms, &probe.cpu_ms)))?.value,
        since_secret_ms: Spread::of(&ours.since_secret_ms).map(|spread| spread.minimum),
        peak_kib: ours.peak_kib,
        zip_bytes: zip_size(&subject.binary)
            .with_context(|| format!("cannot read {}", subject.binary.display()))?,
    })
}
