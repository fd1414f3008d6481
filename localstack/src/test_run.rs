//! `cargo local test`: the tests with everything they need, and nothing left running.

mod summary;

use std::process::{ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::cli::TestArguments;
use crate::postgres::{self, Durability};
use crate::prerequisites::{self, Need};
use crate::session::Session;
use crate::stack::{Phase, StackState, stop_all};
use crate::tools;
use crate::{engine, output};

use summary::Summary;

/// The variables tests read.
pub(crate) const POSTGRES_VARIABLE: &str = "OMS_TEST_POSTGRES_URL";
const ENGINE_VARIABLE: &str = "OMS_TEST_ENGINE_URL";

/// Runs `cargo test` against a private stack; its exit code is that of the tests.
///
/// # Errors
/// The stack cannot be started, or the tests cannot be run.
pub async fn run(stack: &str, arguments: &TestArguments) -> Result<ExitCode> {
    let started = Instant::now();
    let session = Session::open(stack, "test").await?;
    let (code, summary) = session.run(start_and_test(&session, arguments)).await?;
    let end = if arguments.keep {
        session.detach()?;
        "the stack was kept"
    } else {
        stop_all(&session.layout).await?;
        "nothing left running"
    };
    let total = started.elapsed().as_secs();
    session.progress.say(&format!("{summary}; {total} s in all, {end}"));
    Ok(code)
}

async fn start_and_test(
    session: &Session,
    arguments: &TestArguments,
) -> Result<(ExitCode, Summary)> {
    let (layout, progress) = (&session.layout, &session.progress);
    if StackState::load(layout)?.phase == Phase::Stopped {
        // What an interrupted run left in the databases must not meet this one's tests.
        postgres::forget_data(layout)?;
        session.attach()?;
    }
    let durability = if arguments.no_fsync { Durability::NoFsync } else { Durability::Fsync };
    prerequisites::ensure(layout, progress, &[Need::Postgres, Need::Java, Need::Maven]).await?;
    let servers = async {
        postgres::start(layout, progress, durability).await?;
        engine::start(layout, progress).await
    };
    // The engine boots while the tests compile.
    tokio::try_join!(servers, compile(session, arguments))?;
    test(session, arguments).await
}

/// Builds the tests, and says what does not compile.
pub(crate) async fn compile(session: &Session, arguments: &TestArguments) -> Result<()> {
    let step = session.progress.step("compile tests");
    let mut cargo = cargo_test(session, arguments);
    cargo.arg("--no-run");
    cargo.args(arguments.arguments.iter().take_while(|argument| *argument != "--"));
    let log = session.layout.log("compile-tests");
    tools::run(&session.layout, &step, "compile-tests", &mut cargo).await.map_err(|_| {
        let output = std::fs::read_to_string(&log).unwrap_or_default();
        anyhow!("the tests do not compile:\n{output}")
    })?;
    step.done("compiled");
    Ok(())
}

async fn test(session: &Session, arguments: &TestArguments) -> Result<(ExitCode, Summary)> {
    let state = StackState::load(&session.layout)?;
    let mut cargo = cargo_test(session, arguments);
    cargo
        .arg("--no-fail-fast")
        .args(&arguments.arguments)
        .env(POSTGRES_VARIABLE, state.endpoint(postgres::SUPERUSER_URL)?)
        .env(ENGINE_VARIABLE, state.endpoint(engine::URL)?)
        .stdout(Stdio::piped());
    let started = Instant::now();
    let mut child = cargo.spawn().context("cannot start cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut summary = Summary::default();
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        summary.read(&line);
        output::line(&line);
    }
    let status = child.wait().await?;
    summary.elapsed = started.elapsed();
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok((ExitCode::from(code), summary))
}

fn cargo_test(session: &Session, arguments: &TestArguments) -> tokio::process::Command {
    let mut cargo = tools::command(&session.layout, "cargo");
    cargo.args(["test", "--locked"]).current_dir(session.layout.workspace());
    let names_packages = |argument: &String| {
        argument.starts_with("-p") || argument.starts_with("--package") || argument == "--workspace"
    };
    if !arguments.arguments.iter().any(names_packages) {
        cargo.arg("--workspace");
    }
    cargo
}
