//! `cargo local bench …`: what the product costs, measured on a private stack.
//!
//! Here is what a bench needs around it: release binaries, a migrated database, settings.
//! What is measured and how it is judged is in the crate `benches`, which runs as a program of its
//! own: it may depend on function crates one day, and this crate never does.

mod build;
mod settings;
mod store;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use order_store::DatabaseSettings;
use serde_json::{Value, json};

use crate::cli::{Bench, BenchArguments, ColdStartArguments};
use crate::postgres::{self, Durability};
use crate::process::MARKER_VARIABLE;
use crate::session::Session;
use crate::stack::{Phase, StackLayout, StackState, stop_all};
use crate::{secrets, tools};

use settings::Settings;

/// So many turns are one round of `--rounds`.
const STARTS_PER_ROUND: u32 = 15;
const PROBE: &str = "bare";
const PROGRAM: &str = "cold-start";

/// Runs a bench; its exit code is 0 only if nothing is over its limit.
///
/// # Errors
/// Something does not compile or start.
pub async fn run(stack: &str, arguments: &BenchArguments) -> Result<ExitCode> {
    let session = Session::open(stack, "bench").await?;
    let code = match &arguments.bench {
        Bench::ColdStart(arguments) => session.run(cold_start(&session, arguments)).await?,
        Bench::Outbox(arguments) => {
            session.run(store::run(&session, &["outbox"], arguments)).await?
        }
        Bench::Callbacks(arguments) => {
            session.run(store::run(&session, &["callbacks"], arguments)).await?
        }
        Bench::Steps(arguments) => session.run(store::run(&session, &["steps"], arguments)).await?,
        Bench::Reconciliation(arguments) => {
            session.run(store::run(&session, &["reconciliation"], arguments)).await?
        }
        Bench::Worklist(arguments) => {
            session.run(store::run(&session, &["worklist"], arguments)).await?
        }
        Bench::Store(arguments) => {
            session.run(store::run(&session, &store::ALL, arguments)).await?
        }
    };
    stop_all(&session.layout).await?;
    session.progress.say("nothing left running");
    Ok(code)
}

async fn cold_start(session: &Session, arguments: &ColdStartArguments) -> Result<ExitCode> {
    let (layout, progress) = (&session.layout, &session.progress);
    let functions = chosen(secrets::function_names(layout)?, &arguments.function)?;
    // Before anything is started: fat link-time optimisation of fifteen binaries takes its time.
    let programs = build::binaries(layout, progress, "benches", &[PROBE, PROGRAM]).await?;
    let mut binaries = Vec::new();
    for function in functions {
        binaries.extend(build::binaries(layout, progress, &function, &[&function]).await?);
    }
    start_postgres(session).await?;
    let secrets_file = secrets::write(layout)?;
    migrate(session, &secrets_file).await?;
    let plan = plan(layout, arguments, &programs, &binaries, &secrets_file)?;
    measure(session, &programs, &plan).await
}

/// An empty cluster that writes as a real one does.
async fn start_postgres(session: &Session) -> Result<()> {
    let (layout, progress) = (&session.layout, &session.progress);
    if StackState::load(layout)?.phase == Phase::Stopped {
        postgres::forget_data(layout)?;
        session.attach()?;
    }
    postgres::start(layout, progress, Durability::Fsync).await
}

/// The functions named on the command line, or all of them.
fn chosen(all: Vec<String>, wanted: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        bail!("there is no function {unknown}; there are {}", all.join(", "));
    }
    Ok(all.into_iter().filter(|name| wanted.is_empty() || wanted.contains(name)).collect())
}

/// What `schema-migrate` does at a deployment: the schema, then the passwords of the roles.
async fn migrate(session: &Session, secrets_file: &Path) -> Result<()> {
    let step = session.progress.step("migrate database");
    let owner = secrets::owner_database(&session.layout)?;
    let settings = DatabaseSettings::parse(&owner.to_string().into())?;
    let secrets: Value = serde_json::from_slice(&std::fs::read(secrets_file)?)?;
    let roles = secrets["oms/role-passwords"].as_object().context("no passwords of roles")?;
    let passwords: Vec<(String, String)> = roles
        .iter()
        .filter_map(|(role, password)| Some((role.clone(), password.as_str()?.to_owned())))
        .collect();
    let summary = order_store::migrate(&settings, None, &passwords).await?;
    step.done(&format!("version {}", summary.current));
    Ok(())
}

/// A staged binary by its name.
type Binary = (String, PathBuf);

fn plan(
    layout: &StackLayout,
    arguments: &ColdStartArguments,
    programs: &[Binary],
    functions: &[Binary],
    secrets_file: &Path,
) -> Result<Value> {
    let settings = Settings::of(layout)?;
    // By this mark an interrupted run is found with whatever it had just started.
    let mark = json!({MARKER_VARIABLE: layout.dir()});
    let subjects: Vec<Value> = functions
        .iter()
        .map(|(name, binary)| {
            json!({"name": name, "binary": binary, "environment": settings.of_function(name)})
        })
        .collect();
    Ok(json!({
        "rounds": arguments.rounds,
        "startsPerRound": STARTS_PER_ROUND,
        "probe": {"name": PROBE, "binary": find(programs, PROBE)?, "environment": mark},
        "subjects": subjects,
        "secretsFile": secrets_file,
        "logs": layout.logs().join(PROGRAM),
    }))
}

fn find<'a>(binaries: &'a [Binary], name: &str) -> Result<&'a Path> {
    let found = binaries.iter().find(|(other, _)| other == name);
    found.map(|(_, path)| path.as_path()).with_context(|| format!("{name} was not built"))
}

/// The table goes to stdout as it is.
async fn measure(session: &Session, programs: &[Binary], plan: &Value) -> Result<ExitCode> {
    let layout = &session.layout;
    let file = build::folder(layout).join("cold-start.json");
    std::fs::write(&file, serde_json::to_vec_pretty(plan)?)?;
    let step = session.progress.step("measure");
    let mut program = tools::command(layout, find(programs, PROGRAM)?);
    let status = program.arg(&file).status().await?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code @ (0 | 1)) => {
            step.done("measured");
            Ok(ExitCode::from(code))
        }
        _ => bail!("the bench itself failed ({status}); its plan is {}", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn named_functions_are_measured_once_and_unknown_ones_refused() {
        let all = owned(&["order-decompose", "order-intake"]);
        let twice = owned(&["order-intake", "order-intake"]);

        assert_eq!(chosen(all.clone(), &[]).unwrap(), all);
        assert_eq!(chosen(all.clone(), &twice).unwrap(), ["order-intake"]);
        assert!(chosen(all, &owned(&["order-outtake"])).is_err());
    }
}
