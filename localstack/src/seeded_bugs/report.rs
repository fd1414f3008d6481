//! Which test noticed which mistake.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::bugs::Bug;

/// So many of the failing tests are named; the others failed for the same reason.
const NAMED: usize = 2;

#[derive(Debug)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) elapsed: Duration,
}

/// What became of one mistake.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) bug: &'static Bug,
    /// `None`: no test noticed.
    pub(super) caught: Option<Caught>,
    pub(super) elapsed: Duration,
}

#[derive(Debug)]
pub(super) struct Caught {
    pub(super) tests: Vec<String>,
    pub(super) package: String,
}

impl Report {
    /// The mistakes that no test noticed.
    pub(super) fn missed(&self) -> Vec<&'static Bug> {
        self.findings.iter().filter(|x| x.caught.is_none()).map(|x| x.bug).collect()
    }

    pub(super) fn to_json(&self) -> Value {
        let bugs = self.findings.iter().map(|x| {
            json!({"number": x.bug.number, "name": x.bug.name,
                "package": x.caught.as_ref().map(|c| &c.package),
                "tests": x.caught.as_ref().map(|c| &c.tests),
                "seconds": x.elapsed.as_secs_f32()})
        });
        let bugs: Vec<Value> = bugs.collect();
        let caught = self.findings.len() - self.missed().len();
        json!({"caught": caught, "seconds": self.elapsed.as_secs_f32(), "bugs": bugs})
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>3}  {:<24} {:>6}  caught by", "bug", "mistake", "s")?;
        for Finding { bug, caught, elapsed } in &self.findings {
            let by = caught.as_ref().map_or("NOBODY".to_owned(), Caught::to_string);
            let (number, name, seconds) = (bug.number, bug.name, elapsed.as_secs_f32());
            writeln!(f, "{number:>3}  {name:<24} {seconds:>6.1}  {by}")?;
        }
        let (all, missed) = (self.findings.len(), self.missed());
        let mark = if missed.is_empty() { "✓" } else { "✗" };
        let (caught, seconds) = (all - missed.len(), self.elapsed.as_secs());
        write!(f, "{mark} {caught} of {all} caught in {seconds} s")?;
        for bug in missed {
            write!(f, "\n✗ no test notices bug {}: {}", bug.number, bug.mistake)?;
        }
        Ok(())
    }
}

impl fmt::Display for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = &self.tests[..self.tests.len().min(NAMED)];
        write!(f, "{}: {}", self.package, named.join(", "))?;
        match self.tests.len() - named.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bugs::BUGS;
    use super::*;

    #[test]
    fn a_mistake_that_nobody_noticed_is_named() {
        let tests = ["a", "b", "c"].map(ToOwned::to_owned).to_vec();
        let caught = Some(Caught { tests, package: "order-store".to_owned() });
        let elapsed = Duration::from_secs(1);
        let report = Report {
            findings: vec![
                Finding { bug: &BUGS[0], caught, elapsed },
                Finding { bug: &BUGS[1], caught: None, elapsed },
            ],
            elapsed,
        };

        let text = report.to_string();

        assert!(text.contains("order-store: a, b and 1 more"), "{text}");
        assert!(text.contains("✗ 1 of 2 caught"), "{text}");
        assert!(text.contains("no test notices bug 2"), "{text}");
        assert_eq!(report.to_json()["caught"], 1);
    }
}
