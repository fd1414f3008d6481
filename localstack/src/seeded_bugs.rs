//! `cargo local seeded-bugs`: the suite runs against mistakes that it must notice.
//!
//! The tests are built once; each run of a test binary is told by its environment which mistake to
//! make. A binary judges only after it was green without any. A mistake that no binary notices has
//! met all of them, and is a hole in the suite.

mod bugs;
mod judge;
mod report;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cli::{SeededBugsArguments, TestArguments};
use crate::postgres::{self, Durability};
use crate::prerequisites::{self, Need};
use crate::session::Session;
use crate::stack::{Phase, StackState, stop_all};
use crate::{output, test_run};

use bugs::{BUGS, Bug};
use judge::{Judge, Ruling};
use report::{Caught, Finding, Report};

/// Runs the mistakes; the exit code is 0 only if a test noticed each of them.
///
/// # Errors
/// The stack cannot be started, the tests do not compile, or they fail without any mistake.
pub async fn run(stack: &str, arguments: &SeededBugsArguments) -> Result<ExitCode> {
    let bugs = chosen(&arguments.bug)?;
    let session = Session::open(stack, "seeded-bugs").await?;
    let report = session.run(start_and_judge(&session, &bugs)).await?;
    stop_all(&session.layout).await?;
    output::line(&report.to_string());
    if arguments.json {
        output::line(&report.to_json().to_string());
    }
    Ok(if report.missed().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The mistakes with these numbers, or all of them.
fn chosen(numbers: &[u8]) -> Result<Vec<&'static Bug>> {
    if let Some(unknown) = numbers.iter().find(|n| BUGS.iter().all(|bug| bug.number != **n)) {
        bail!("there is no bug {unknown}; there are 1 to {}", BUGS.len());
    }
    let is_chosen = |bug: &&Bug| numbers.is_empty() || numbers.contains(&bug.number);
    Ok(BUGS.iter().filter(is_chosen).collect())
}

async fn start_and_judge(session: &Session, bugs: &[&'static Bug]) -> Result<Report> {
    let (layout, progress) = (&session.layout, &session.progress);
    if StackState::load(layout)?.phase == Phase::Stopped {
        postgres::forget_data(layout)?;
        session.attach()?;
    }
    prerequisites::ensure(layout, progress, &[Need::Postgres]).await?;
    let everything = TestArguments::of_workspace();
    tokio::try_join!(
        postgres::start(layout, progress, Durability::NoFsync),
        test_run::compile(session, &everything),
    )?;
    let started = Instant::now();
    let mut court = Court::convene(session).await?;
    if bugs.len() == BUGS.len() {
        court.acquit().await?;
    }
    let mut findings = Vec::with_capacity(bugs.len());
    for (place, bug) in bugs.iter().enumerate() {
        findings.push(court.try_bug(bug, (place + 1, bugs.len())).await?);
    }
    Ok(Report { findings, elapsed: started.elapsed() })
}

/// The test binaries, and which of them were seen green.
struct Court<'a> {
    session: &'a Session,
    judges: Vec<Judge>,
    trusted: BTreeSet<usize>,
}

impl<'a> Court<'a> {
    async fn convene(session: &'a Session) -> Result<Self> {
        let judges = judge::list(session).await?;
        Ok(Self { session, judges, trusted: BTreeSet::new() })
    }

    /// Sees every binary green without a mistake.
    async fn acquit(&mut self) -> Result<()> {
        let step = self.session.progress.step("no bug");
        for index in 0..self.judges.len() {
            step.note(&self.judges[index].to_string());
            self.trust(index).await?;
        }
        step.done(&format!("{} test binaries are green", self.judges.len()));
        Ok(())
    }

    /// What fails without a mistake proves nothing about one.
    async fn trust(&mut self, index: usize) -> Result<()> {
        if !self.trusted.contains(&index) {
            let judge = &self.judges[index];
            match judge.rule(&self.session.layout, None, None).await? {
                Ruling::Green => self.trusted.insert(index),
                ruling => bail!("{judge} fails without any bug: {ruling}"),
            };
        }
        Ok(())
    }

    /// Runs the binaries, the one that should know first, until one notices.
    async fn try_bug(&mut self, bug: &'static Bug, (place, of): (usize, usize)) -> Result<Finding> {
        let step = self.session.progress.step(&format!("bug {} ({place} of {of})", bug.number));
        let mut elapsed = Duration::ZERO;
        let mut order: Vec<usize> = (0..self.judges.len()).collect();
        order.sort_by_key(|index| self.judges[*index].package != bug.looked_for_first_in);
        for index in order {
            step.note(&format!("{}: {}", bug.name, self.judges[index]));
            self.trust(index).await?;
            let judge = &self.judges[index];
            let started = Instant::now();
            let ruling = judge.rule(&self.session.layout, Some(bug.number), None).await?;
            elapsed += started.elapsed();
            let tests = match ruling {
                Ruling::Green => continue,
                Ruling::Red(tests) => self.confirmed(index, bug, tests).await?,
                Ruling::Broken(why) => vec![format!("({why})")],
            };
            if tests.is_empty() {
                continue;
            }
            step.done(&format!("{} caught by {}", bug.name, tests.join(", ")));
            let caught = Caught { tests, package: judge.package.clone() };
            return Ok(Finding { bug, caught: Some(caught), elapsed });
        }
        step.done(&format!("{} NOT CAUGHT", bug.name));
        Ok(Finding { bug, caught: None, elapsed })
    }

    /// Of the tests that failed, those that alone fail with the mistake and pass without it: one
    /// that a busy machine failed proves nothing. One is enough.
    async fn confirmed(&self, index: usize, bug: &Bug, failed: Vec<String>) -> Result<Vec<String>> {
        let (judge, layout) = (&self.judges[index], &self.session.layout);
        for test in failed {
            let with = judge.rule(layout, Some(bug.number), Some(&test)).await?;
            let without = judge.rule(layout, None, Some(&test)).await?;
            if with != Ruling::Green && without == Ruling::Green {
                return Ok(vec![test]);
            }
        }
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bugs_are_chosen_by_number_and_unknown_numbers_refused() {
        let numbers = |chosen: Vec<&Bug>| chosen.iter().map(|bug| bug.number).collect::<Vec<_>>();

        assert_eq!(numbers(chosen(&[7, 3]).unwrap()), [3, 7]);
        assert_eq!(chosen(&[]).unwrap().len(), BUGS.len());
        assert!(chosen(&[25]).is_err());
    }
}
