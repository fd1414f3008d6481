//! Outbox, callbacks, steps, reconciliation and worklist: the store beside raw SQL, in a cluster of
//! their own.

use std::process::ExitCode;

use anyhow::{Result, bail};

use super::{build, find, start_postgres};
use crate::cli::StoreBenchArguments;
use crate::postgres;
use crate::session::Session;
use crate::stack::StackState;
use crate::tools;

/// What the store writes; its reads are a bench of their own.
pub(super) const ALL: [&str; 4] = ["outbox", "callbacks", "steps", "reconciliation"];
const PACKAGE: &str = "store-benches";
const PROGRAM: &str = "store-bench";
/// The cluster that tests and benches make their databases in.
const POSTGRES_VARIABLE: &str = "OMS_TEST_POSTGRES_URL";

/// Runs benches in the same databases; 0 only if no goal was missed. The tables go to stdout.
pub(super) async fn run(
    session: &Session,
    benches: &[&str],
    arguments: &StoreBenchArguments,
) -> Result<ExitCode> {
    let layout = &session.layout;
    let programs = build::binaries(layout, &session.progress, PACKAGE, &[PROGRAM]).await?;
    start_postgres(session).await?;
    let history: Vec<String> = arguments.history.iter().map(ToString::to_string).collect();
    let url = StackState::load(layout)?.endpoint(postgres::SUPERUSER_URL)?.to_owned();
    let mut program = tools::command(layout, find(&programs, PROGRAM)?);
    program
        .args(benches)
        .args(["--history", &history.join(",")])
        .args(["--rounds", &arguments.rounds.to_string()])
        .env(POSTGRES_VARIABLE, url);
    let status = program.status().await?;
    match status.code() {
        Some(0) => Ok(ExitCode::SUCCESS),
        Some(1) => Ok(ExitCode::FAILURE),
        _ => bail!("the bench itself failed ({status})"),
    }
}
