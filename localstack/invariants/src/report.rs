//! What was looked at and what was violated.

use std::collections::BTreeMap;
use std::fmt;

use crate::invariant::Invariant;

/// At most so many violations of one invariant are printed.
const SHOWN: usize = 10;

/// One breach of one invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The order, request or queue.
    pub subject: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What one invariant came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// How many things were looked at; 0 proves nothing.
    pub looked_at: u64,
    /// What breaks it.
    pub violations: Vec<Violation>,
}

/// All invariants.
#[derive(Debug, Clone, Default)]
pub struct Report {
    findings: BTreeMap<Invariant, Finding>,
}

impl Report {
    pub(crate) fn look(&mut self, invariant: Invariant, count: u64) {
        self.findings.entry(invariant).or_default().looked_at += count;
    }

    pub(crate) fn violate(
        &mut self,
        invariant: Invariant,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) {
        let violation = Violation { subject: subject.into(), detail: detail.into() };
        self.findings.entry(invariant).or_default().violations.push(violation);
    }

    /// What one invariant came to.
    #[must_use]
    pub fn finding(&self, invariant: Invariant) -> Finding {
        self.findings.get(&invariant).cloned().unwrap_or_default()
    }

    /// Breaches altogether.
    #[must_use]
    pub fn violation_count(&self) -> usize {
        self.findings.values().map(|x| x.violations.len()).sum()
    }

    /// Whether nothing is violated.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violation_count() == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for invariant in Invariant::ALL {
            let finding = self.finding(invariant);
            let (mark, verdict) = match (finding.looked_at, finding.violations.len()) {
                (_, n) if n > 0 => ("✗", format!("{n} violations")),
                (0, _) => ("–", "nothing to look at".to_owned()),
                (n, _) => ("✓", format!("{n} looked at")),
            };
            let name = invariant.to_string();
            writeln!(f, "{mark} {name:<4} {:<58} {verdict}", invariant.sentence())?;
            for violation in finding.violations.iter().take(SHOWN) {
                writeln!(f, "       {}: {}", violation.subject, violation.detail)?;
            }
        }
        Ok(())
    }
}
