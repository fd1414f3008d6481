//! The table, and what it means.

use std::fmt;

use crate::statistics::{Median, Verdict, judge};

/// In units of the probe.
const MAX_RATIO: f64 = 3.0;
const MEBIBYTE: u64 = 1 << 20;
const MAX_ZIP_BYTES: u64 = 12 * MEBIBYTE;

/// How the figures become a verdict; printed with them.
const RULE: &str = "\
ms, ratio, cpu: medians over the quickest quarter of the turns (by the sum of all their starts);
ratio: function / probe of the same turn, with the 95 % interval of the median; all: over all turns;
fastest: quickest start of the function / of the probe; cpu: its own processor time, not its waits.
within the limit: end of the interval and `fastest`; over it: begin and `fastest`; else undecided";

/// The result of one run; its `Display` is the table.
#[derive(Debug)]
pub struct Report {
    pub(super) turns: usize,
    /// Of the machine, before and after.
    pub(super) load: [String; 2],
    pub(super) probe: Row,
    pub(super) rows: Vec<Row>,
    pub(super) failures: Vec<Failure>,
}

/// One binary.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) to_next_ms: f64,
    pub(super) ratio: Median,
    pub(super) ratio_of_all: f64,
    pub(super) fastest_ratio: f64,
    pub(super) cpu_ratio: f64,
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
        self.objections().is_empty()
    }

    fn objections(&self) -> Vec<String> {
        let mut objections = Vec::new();
        for row in &self.rows {
            if row.verdict() == Verdict::Over {
                let ratio = row.ratio.value;
                objections.push(format!("{} takes {ratio:.2} × the probe", row.name));
            }
            if row.zip_bytes > MAX_ZIP_BYTES {
                let size = mebibytes(row.zip_bytes);
                objections.push(format!("{} is {size:.2} MiB zipped", row.name));
            }
        }
        let failed = |failure: &Failure| format!("{}: {}", failure.name, failure.reason);
        objections.extend(self.failures.iter().map(failed));
        objections
    }

    fn undecided(&self) -> Vec<&str> {
        let undecided = self.rows.iter().filter(|row| row.verdict() == Verdict::Undecided);
        undecided.map(|row| row.name.as_str()).collect()
    }

    fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (turns, [before, after]) = (self.turns, &self.load);
        writeln!(f, "cold start: spawn to first `next`, {turns} turns of one start each")?;
        writeln!(f, "load of the machine {before} before, {after} after")?;
        writeln!(
            f,
            "{:<33} {:>5} {:>5} {:>11} {:>5} {:>7} {:>5} {:>12} {:>8} {:>7}",
            "",
            "ms",
            "ratio",
            "95 %",
            "all",
            "fastest",
            "cpu",
            "secret+login",
            "peak MiB",
            "zip MiB"
        )?;
        for row in std::iter::once(&self.probe).chain(&self.rows) {
            writeln!(f, "{row}")?;
        }
        writeln!(f, "{RULE}")
    }
}

impl Row {
    fn verdict(&self) -> Verdict {
        judge(self.ratio, self.fastest_ratio, MAX_RATIO)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_table(f)?;
        let (objections, undecided) = (self.objections(), self.undecided());
        for objection in &objections {
            writeln!(f, "✗ {objection}")?;
        }
        if !undecided.is_empty() {
            writeln!(f, "? undecided, run again: {}", undecided.join(", "))?;
        }
        let size = MAX_ZIP_BYTES / MEBIBYTE;
        if objections.is_empty() && undecided.is_empty() {
            write!(f, "✓ nothing over {MAX_RATIO} × the probe or {size} MiB")?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_secret =
            self.since_secret_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.2}"));
        write!(
            f,
            "{:<33} {:>5.2} {:>5.2} {:>4.2} – {:>4.2} {:>5.2} {:>7.2} {:>5.2} {:>12} {:>8.1} {:>7.2}",
            self.name,
            self.to_next_ms,
            self.ratio.value,
            self.ratio.low,
            self.ratio.high,
            self.ratio_of_all,
            self.fastest_ratio,
            self.cpu_ratio,
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

    fn row(name: &str, ratio: f64, fastest_ratio: f64, zip_bytes: u64) -> Row {
        Row {
            name: name.to_owned(),
            to_next_ms: ratio,
            ratio: Median::of(&[ratio]).expect("there is a figure"),
            ratio_of_all: ratio,
            fastest_ratio,
            cpu_ratio: 1.0,
            since_secret_ms: None,
            peak_kib: 3 * 1024,
            zip_bytes,
        }
    }

    fn report(rows: Vec<Row>) -> Report {
        let probe = row("bare", 1.0, 1.0, 1);
        let load = ["0.1".to_owned(), "0.2".to_owned()];
        Report { turns: 5, load, probe, rows, failures: Vec::new() }
    }

    #[test]
    fn a_slow_function_fails_and_is_named() {
        let report = report(vec![row("billing-activate", 4.0, 3.9, 1)]);

        assert!(!report.is_within_limits());
        assert!(report.to_string().contains("✗ billing-activate takes 4.00 × the probe"));
    }

    #[test]
    fn what_is_undecided_neither_fails_nor_passes_and_is_named() {
        let report = report(vec![row("order-intake", 9.0, 2.9, 1)]);

        assert!(report.is_within_limits());
        assert!(report.to_string().contains("? undecided, run again: order-intake"));
        assert!(!report.to_string().contains("nothing over 3"));
    }

    #[test]
    fn a_large_function_fails_however_quick_it_is() {
        let report = report(vec![row("order-intake", 2.0, 2.0, MAX_ZIP_BYTES + 1)]);

        assert!(!report.is_within_limits());
        assert!(report.to_string().contains("✗ order-intake is 12.00 MiB zipped"));
    }

    #[test]
    fn the_rule_of_the_verdict_is_printed_with_the_figures() {
        let text = report(vec![row("order-intake", 2.0, 2.0, 1)]).to_string();

        assert!(text.contains(RULE));
        assert!(text.contains("✓ nothing over 3 × the probe or 12 MiB"));
    }

    #[test]
    fn a_function_that_does_not_start_fails_the_run() {
        let mut report = report(Vec::new());
        let error = anyhow::anyhow!("output").context("x");
        report.failures.push(Failure::new("reconciliation", &error));

        assert!(!report.is_within_limits());
        assert!(report.to_string().contains("✗ reconciliation: output"));
    }
}
