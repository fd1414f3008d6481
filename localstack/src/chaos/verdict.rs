//! The table at the end, and whether it is good.

use std::fmt;
use std::time::Duration;

use order_invariants::{Invariant, Report};

use super::evidence::Tally;
use super::rest::Rest;
use super::systems::Hits;

/// The share of orders without a business fault that must be COMPLETED, in percent.
const FLOOR: usize = 90;

/// Everything a run came to.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) report: Report,
    pub(super) tally: Tally,
    pub(super) hits: Hits,
    pub(super) rest: Rest,
    pub(super) elapsed: Duration,
}

impl Verdict {
    /// What speaks against the run, each as a sentence.
    fn objections(&self) -> Vec<String> {
        let mut objections = Vec::new();
        let violations = self.report.violation_count();
        if violations > 0 {
            objections.push(format!("{violations} violations"));
        }
        for (kind, _) in self.hits.iter().filter(|(_, hits)| **hits == 0) {
            objections.push(format!("{kind} never hit: the run proves nothing about it"));
        }
        let tally = &self.tally;
        if tally.completed_of_those * 100 < tally.without_business_fault * FLOOR {
            objections.push(format!(
                "only {} of {} orders without a business fault are COMPLETED",
                tally.completed_of_those, tally.without_business_fault
            ));
        }
        if tally.orders == 0 {
            objections.push("no order was accepted".to_owned());
        }
        if !tally.unexplained.is_empty() {
            objections.push(format!(
                "{} orders are neither ended nor explained",
                tally.unexplained.len()
            ));
        }
        if let Rest::Busy(left) = self.rest {
            objections.push(format!("not quiet in time: {left} things were still going on"));
        }
        objections
    }

    pub(super) fn is_good(&self) -> bool {
        self.objections().is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        let duplicates = self.report.finding(Invariant::I7).violations.len();
        let lost = self.report.finding(Invariant::I1).violations.len();
        let stuck = self.report.finding(Invariant::I14).violations.len() + tally.unexplained.len();
        writeln!(f, "orders       {}", tally.orders)?;
        writeln!(
            f,
            "  terminal   {} ({} completed, {} ended otherwise)",
            tally.completed + tally.ended,
            tally.completed,
            tally.ended
        )?;
        writeln!(f, "  in a case  {}", tally.explained)?;
        writeln!(f, "  unexplained {}", tally.unexplained.len())?;
        for order in tally.unexplained.iter().take(10) {
            writeln!(f, "    {order}")?;
        }
        writeln!(f, "duplicates   {duplicates}")?;
        writeln!(f, "lost         {lost}")?;
        writeln!(f, "stuck        {stuck}")?;
        writeln!(f, "faults       hits")?;
        for (kind, hits) in &self.hits {
            writeln!(f, "  {kind:<20} {hits}")?;
        }
        writeln!(f, "{}", self.report)?;
        match self.rest {
            Rest::Quiet(after) => {
                writeln!(f, "quiet {:.0} s after the last fault", after.as_secs_f32())?
            }
            Rest::Busy(left) => writeln!(f, "not quiet: {left} things were still going on")?,
        }
        writeln!(f, "{:.0} s in all", self.elapsed.as_secs_f32())?;
        for objection in self.objections() {
            writeln!(f, "✗ {objection}")?;
        }
        if self.is_good() {
            writeln!(f, "✓ nothing lost, nothing twice, nobody stuck")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Verdict {
        Verdict {
            report: Report::default(),
            tally: Tally {
                orders: 10,
                completed: 9,
                explained: 1,
                without_business_fault: 9,
                completed_of_those: 9,
                ..Tally::default()
            },
            hits: [("RESET".to_owned(), 1)].into(),
            rest: Rest::Quiet(Duration::from_secs(1)),
            elapsed: Duration::from_secs(2),
        }
    }

    #[test]
    fn a_run_in_which_everything_ended_well_is_good() {
        assert!(good().is_good(), "{}", good());
    }

    #[test]
    fn a_run_that_proves_nothing_is_not_good() {
        let spoilt: [fn(&mut Verdict); 5] = [
            |x| x.hits = [("HANG".to_owned(), 0)].into(),
            |x| x.tally.completed_of_those = 8,
            |x| x.tally.orders = 0,
            |x| x.tally.unexplained.push("order".into()),
            |x| x.rest = Rest::Busy(1),
        ];
        for spoil in spoilt {
            let mut verdict = good();
            spoil(&mut verdict);

            assert!(!verdict.is_good(), "{verdict}");
        }
    }
}
