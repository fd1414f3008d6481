//! One function per command; what they do is in the modules they call.

mod faults;
mod logs;
mod status;
mod up;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cli::{CatalogueArguments, Cli, Command, PurgeArguments};
use crate::progress::Progress;
use crate::session::Session;
use crate::stack::{StackLayout, stop_all};
use crate::{bench, chaos, configuration, demo, dlq, postgres, seeded_bugs, test_run, tidy, token};

pub(crate) use up::{say_where_cockpit_is, start_all, start_postgres};

/// Does what was typed.
///
/// # Errors
/// Whatever went wrong, as a sentence for the person who typed it.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    let stack = cli.stack_name().to_owned();
    match cli.command {
        Command::Up(arguments) => up::up(&stack, &arguments).await.map(success),
        Command::Demo(arguments) => demo::run(&stack, &arguments).await,
        Command::Down => down(&stack).await.map(success),
        Command::Status => status::print(&StackLayout::open(&stack)?),
        Command::Logs(arguments) => logs::print(&stack, &arguments).await.map(success),
        Command::Purge(arguments) => purge(&stack, &arguments).await.map(success),
        Command::Token(arguments) => token::print(&stack, &arguments).map(success),
        Command::Test(arguments) => test_run::run(&stack, &arguments).await,
        Command::SeededBugs(arguments) => seeded_bugs::run(&stack, &arguments).await,
        Command::Chaos(arguments) => chaos::run(&stack, &arguments).await,
        Command::Bench(arguments) => bench::run(&stack, &arguments).await,
        Command::Catalogue(arguments) => catalogue(&stack, &arguments).await.map(success),
        Command::Dlq(arguments) => dlq::run(&stack, &arguments).await.map(success),
        Command::Tidy(arguments) => tidy::print(&stack, &arguments),
        Command::Postgres { action } => faults::postgres(&stack, action).await.map(success),
        Command::Engine { action } => faults::engine(&stack, action).await.map(success),
        Command::Aws { action } => faults::aws(&stack, action).await.map(success),
        Command::Simulator { action } => faults::simulator(&stack, action).await.map(success),
    }
}

fn success(_: ()) -> ExitCode {
    ExitCode::SUCCESS
}

async fn down(stack: &str) -> Result<()> {
    let session = Session::open(stack, "down").await?;
    let step = session.progress.step("stop");
    stop_all(&session.layout).await?;
    step.done("nothing of this stack runs");
    Ok(())
}

async fn catalogue(stack: &str, arguments: &CatalogueArguments) -> Result<()> {
    let layout = StackLayout::open(stack)?;
    let step = Progress::new().step("catalogue");
    let version =
        configuration::load_catalogue(&layout, &arguments.tenant, &layout.resolve(&arguments.file))
            .await?;
    step.done(&format!("version {version} is current for {}", arguments.tenant));
    Ok(())
}

async fn purge(stack: &str, arguments: &PurgeArguments) -> Result<()> {
    if !arguments.all {
        return purge_stack(stack).await;
    }
    let layout = StackLayout::open(stack)?;
    for folder in std::fs::read_dir(layout.all_stacks())?.flatten() {
        if folder.path().join("stack.json").is_file()
            && let Some(name) = folder.file_name().to_str()
        {
            purge_stack(name).await?;
        }
    }
    purge_stack(stack).await?;
    remove(layout.cache())
}

async fn purge_stack(stack: &str) -> Result<()> {
    let session = Session::open(stack, "purge").await?;
    let step = session.progress.step(&format!("purge {stack}"));
    stop_all(&session.layout).await?;
    postgres::forget_data(&session.layout)?;
    remove(&session.layout.dir())?;
    step.done("forgotten");
    Ok(())
}

fn remove(folder: &std::path::Path) -> Result<()> {
    std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}
