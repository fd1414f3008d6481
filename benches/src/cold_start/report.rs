//! The table, and what it means.

use std::fmt;

use crate::statistics::{MAX_PROBE_VARIATION, Spread, Verdict, judge};

/// In units of the probe.
const MAX_RATIO: f64 = 3.0;
const MEBIBYTE: u64 = 1 << 20;
const MAX_ZIP_BYTES: u64 = 12 * MEBIBYTE;

/// The result of one run; its `Display` is the table.
#[derive(Debug)]
pub struct Report {
    pub(super) rounds: usize,
    pub(super) starts_per_round: usize,
    pub(super) probe: Row,
    pub(super) rows: Vec<Row>,
    pub(super) failures: Vec<Failure>,
}

/// One binary.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) to_next_ms: Spread,
    pub(super) ratio: Spread,
    pub(super) since_secret_ms: Option<f64>,
    pub(super) peak_kib: u64,
    pub(super) zip_bytes: u64,
}

/// A function that did not start.
#[derive(Debug)]
pub(super) struct Failure {
    name: String,
    reason: String,
}

impl Failure {
    pub(super) fn new(name: &str, error: &anyhow::Error) -> Self {
        let causes: Vec<String> = error.chain().rev().map(ToString::to_string).collect();
        Self { name: name.to_owned(), reason: causes.join("; ") }
    }
}

impl Report {
    /// Whether every function started, is small enough and, as far as this run can tell, quick
    /// enough.
    #[must_use]
    pub fn is_within_limits(&self) -> bool {
        self.failures.is_empty()
            && self.rows.iter().all(|row| !row.is_too_large())
            && self.rows.iter().all(|row| self.verdict(row) != Verdict::Over)
    }

    fn is_too_noisy(&self) -> bool {
        self.verdict(&self.probe) == Verdict::TooNoisy
    }

    fn verdict(&self, row: &Row) -> Verdict {
        judge(row.ratio, MAX_RATIO, self.probe.to_next_ms)
    }

    fn objections(&self) -> Vec<String> {
        let mut objections = Vec::new();
        for row in &self.rows {
            if self.verdict(row) == Verdict::Over {
                let ratio = row.ratio.median;
                objections.push(format!("{} takes {ratio:.2} × the probe", row.name));
            }
            if row.is_too_large() {
                let size = mebibytes(row.zip_bytes);
                objections.push(format!("{} is {size:.2} MiB zipped", row.name));
            }
        }
        let failed = |failure: &Failure| format!("{}: {}", failure.name, failure.reason);
        objections.extend(self.failures.iter().map(failed));
        objections
    }
}

impl Row {
    fn is_too_large(&self) -> bool {
        self.zip_bytes > MAX_ZIP_BYTES
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rounds, starts) = (self.rounds, self.starts_per_round);
        writeln!(f, "cold start: spawn to first `next`, {rounds} interleaved rounds × {starts}")?;
        writeln!(
            f,
            "{:<34} {:>8} {:>7} {:>13} {:>13} {:>9} {:>8}",
            "", "ms", "ratio", "min – max", "secret+login", "peak MiB", "zip MiB"
        )?;
        for row in std::iter::once(&self.probe).chain(&self.rows) {
            writeln!(f, "{row}")?;
        }
        let variation = self.probe.to_next_ms.variation() * 100.0;
        let limit = MAX_PROBE_VARIATION * 100.0;
        write!(f, "the probe varied by {variation:.0} % over the rounds")?;
        if self.is_too_noisy() {
            write!(f, ": too noisy (over {limit:.0} %), ratios neither pass nor fail")?;
        }
        writeln!(f)?;
        let objections = self.objections();
        for objection in &objections {
            writeln!(f, "✗ {objection}")?;
        }
        let size = MAX_ZIP_BYTES / MEBIBYTE;
        match (objections.is_empty(), self.is_too_noisy()) {
            (true, false) => write!(f, "✓ nothing over {MAX_RATIO} × the probe or {size} MiB"),
            (true, true) => write!(f, "✓ nothing over {size} MiB; run it again for the ratios"),
            (false, _) => Ok(()),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_secret =
            self.since_secret_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.2}"));
        write!(
            f,
            "{:<34} {:>8.2} {:>7.2} {:>5.2} – {:>5.2} {:>13} {:>9.1} {:>8.2}",
            self.name,
            self.to_next_ms.median,
            self.ratio.median,
            self.ratio.minimum,
            self.ratio.maximum,
            since_secret,
            mebibytes(self.peak_kib * 1024),
            mebibytes(self.zip_bytes),
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, ms: &[f64], ratio: f64, zip_bytes: u64) -> Row {
        let spread = |figures: &[f64]| Spread::of(figures).expect("there are figures");
        Row {
            name: name.to_owned(),
            to_next_ms: spread(ms),
            ratio: spread(&[ratio]),
            since_secret_ms: None,
            peak_kib: 3 * 1024,
            zip_bytes,
        }
    }

    fn report(probe_ms: &[f64], rows: Vec<Row>) -> Report {
        let probe = row("bare", probe_ms, 1.0, 1);
        Report { rounds: 5, starts_per_round: 1, probe, rows, failures: Vec::new() }
    }

    #[test]
    fn a_slow_function_fails_and_is_named() {
        let report = report(&[1.0], vec![row("billing-activate", &[4.0], 4.0, 1)]);

        assert!(!report.is_within_limits());
        assert!(report.to_string().contains("✗ billing-activate takes 4.00 × the probe"));
    }

    #[test]
    fn noise_excuses_time_but_not_size() {
        let noisy = [1.0, 2.0];
        let slow = row("order-intake", &[9.0], 9.0, 1);
        let large = row("order-intake", &[2.0], 2.0, MAX_ZIP_BYTES + 1);

        let excused = report(&noisy, vec![slow]);
        assert!(excused.is_within_limits());
        assert!(excused.to_string().contains("too noisy"));
        assert!(!excused.to_string().contains("nothing over 3"));
        assert!(!report(&noisy, vec![large]).is_within_limits());
    }

    #[test]
    fn a_function_that_does_not_start_fails_the_run() {
        let mut report = report(&[1.0], Vec::new());
        let error = anyhow::anyhow!("output").context("x");
        report.failures.push(Failure::new("reconciliation", &error));

        assert!(!report.is_within_limits());
        assert!(report.to_string().contains("✗ reconciliation: output"));
    }
}
