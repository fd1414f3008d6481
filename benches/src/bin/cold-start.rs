//! `cold-start PLAN.json`: measures what the plan names and prints the table.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use benches::cold_start::{Plan, Report, measure};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode> {
    let path = std::env::args_os().nth(1).context("which plan? cold-start PLAN.json")?;
    let plan = Plan::read(path.as_ref())?;
    let report: Report = measure(&plan)?;
    writeln!(std::io::stdout(), "{report}")?;
    Ok(if report.is_within_limits() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
