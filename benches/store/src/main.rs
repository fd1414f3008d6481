//! The program behind `cargo local bench outbox | callbacks | steps | reconciliation | worklist | store`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use store_benches::ground::Ground;
use store_benches::measure::{Bench, Effort, measure};
use store_benches::report::Report;
use store_benches::{callbacks, outbox, reconciliation, steps, worklist};

/// Measures the store beside raw SQL, in the cluster that `OMS_TEST_POSTGRES_URL` names.
#[derive(Debug, Parser)]
struct Arguments {
    /// One or more; all in the same databases.
    #[arg(required = true)]
    benches: Vec<Name>,
    /// Numbers of finished steps; each is a database of its own.
    #[arg(long, value_delimiter = ',', default_value = "0,1000000")]
    history: Vec<u64>,
    /// Rounds that are compared.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(5..=100))]
    rounds: u32,
    /// Turns of everybody in a round.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    turns: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Outbox,
    Callbacks,
    Steps,
    Reconciliation,
    Worklist,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut grounds = Vec::new();
    for history in &arguments.history {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        let note = |text: &str| bar.set_message(format!("database: {text}"));
        grounds.push(Ground::create(*history, note).await?);
        bar.finish_and_clear();
    }
    let mut is_missed = false;
    for name in &arguments.benches {
        is_missed |= match name {
            Name::Outbox => run(&outbox::Outbox, &grounds, &arguments).await?,
            Name::Callbacks => run(&callbacks::Callbacks, &grounds, &arguments).await?,
            Name::Steps => run(&steps::Steps, &grounds, &arguments).await?,
            Name::Reconciliation => {
                run(&reconciliation::Reconciliation, &grounds, &arguments).await?
            }
            Name::Worklist => run(&worklist::Worklist::default(), &grounds, &arguments).await?,
        };
    }
    for ground in grounds {
        ground.finish().await;
    }
    Ok(if is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Measures and prints; whether a goal was missed.
async fn run<B: Bench>(bench: &B, grounds: &[Ground], arguments: &Arguments) -> Result<bool> {
    let effort = Effort { rounds: arguments.rounds as usize, turns: arguments.turns as usize };
    let turns = (effort.rounds * effort.turns + 1) * grounds.len() * B::CONTENDERS.len();
    let bar = ProgressBar::new(turns as u64);
    bar.set_style(ProgressStyle::with_template(
        "{prefix} {wide_bar} {pos}/{len} turns, {eta} left",
    )?);
    bar.set_prefix(B::NAME);
    let measured = measure(bench, grounds, effort, || bar.inc(1)).await?;
    bar.finish_and_clear();
    let histories: Vec<u64> = grounds.iter().map(|x| x.history).collect();
    let report = Report::of::<B>(&histories, &measured);
    #[expect(clippy::print_stdout, reason = "the table is what this program answers")]
    {
        println!("{}", report.text);
    }
    Ok(report.is_missed)
}
