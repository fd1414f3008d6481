//! `cargo local chaos`: orders under faults, then quiet, then every invariant.
//!
//! A run is planned from its seed alone (`plan`), carried out against the deployed template
//! (`strikes`, `systems`, `callers`), and judged by `order-invariants` once the faults have stopped
//! and work is at rest. A suite in which everything fails keeps every safety invariant, so a run
//! also fails when a planned fault never hit or too few orders were completed.

mod callers;
mod course;
mod dice;
mod evidence;
mod impatience;
mod plan;
mod rest;
mod rhythm;
mod strikes;
mod systems;
mod verdict;
mod wires;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cli::ChaosArguments;
use crate::session::Session;
use crate::stack::{StackState, stop_all};
use crate::{commands, configuration, http, output, postgres, simulator};

use callers::Callers;
use course::Course;
use evidence::Collector;
use plan::Plan;
pub use plan::Profile;
use rhythm::Rhythm;
pub use rhythm::StrikeEvery;
use strikes::Strikes;
use verdict::Verdict;
use wires::Wires;

/// Runs one plan; the stack is the run's own and is gone afterwards unless it is to be kept.
///
/// # Errors
/// The stack cannot be started, or cannot be asked at the end.
pub async fn run(stack: &str, arguments: &ChaosArguments) -> Result<ExitCode> {
    let session = Session::open(stack, "chaos").await?;
    let plan =
        Plan::of(arguments.profile, arguments.seed, arguments.orders).only(&arguments.strike)?;
    start_empty(&session).await?;
    let verdict = session.run(carry_out(&session, &plan, arguments)).await;
    // The proxies ended with the run.
    Wires::clear(&session.layout)?;
    let verdict = verdict?;
    if arguments.keep {
        session.detach()?;
    } else {
        stop_all(&session.layout).await?;
    }
    output::line(&format!("{verdict}\nagain: {}", arguments.replay()));
    Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What an earlier run left would be judged with this one, and its functions know wires that are gone.
async fn start_empty(session: &Session) -> Result<()> {
    stop_all(&session.layout).await?;
    postgres::forget_data(&session.layout)?;
    simulator::forget_data(&session.layout)
}

async fn carry_out(session: &Session, plan: &Plan, arguments: &ChaosArguments) -> Result<Verdict> {
    let layout = &session.layout;
    let wires = start(session).await?;
    let client = http::client()?;
    let state = StackState::load(layout)?;
    let mut course = Course {
        session,
        callers: Callers::of(layout, client.clone(), plan)?,
        strikes: Strikes::of(session, wires, plan),
        collector: Collector::begin(&state, client.clone()).await?,
        rhythm: Rhythm::of(plan, arguments.strike_every, Instant::now()),
        started: Instant::now(),
    };
    systems::set(&client, &state, plan).await?;
    let step = session.progress.step("orders under faults");
    course.run(plan).await?;
    let Course { callers, strikes, mut collector, started, .. } = course;
    // The systems' faults meet the steps, not the placing: they stay until the work is done, or
    // until what is left waits for the faults to stop. A relay that was killed comes back with its
    // next tick, a minute later: nothing meets the systems before.
    step.note("working under faults");
    rest::settle(&mut collector, Duration::from_secs(80 + plan.orders.len() as u64 / 2)).await?;
    let hits = systems::stop(&client, &state).await?;
    step.done(&format!("{} orders placed, faults stopped", callers.placed()));
    let rest = rest::wait(session, &mut collector, arguments.patience).await?;
    let elapsed = started.elapsed();
    let report = collector.check(callers.records(), &layout.logs()).await?;
    let tally = collector.tally(&systems::business_faults(&client, &state).await?).await?;
    Ok(Verdict { report, tally, hits: strikes.merge(hits), rest, elapsed })
}

/// Everything, with wires that can be spoilt and time limits that can be waited for.
async fn start(session: &Session) -> Result<Wires> {
    commands::start_postgres(session).await?;
    let wires = Wires::lay(&session.layout).await?;
    commands::start_all(session).await?;
    configuration::load_impatient_systems(&session.layout).await?;
    impatience::of_queues(&session.layout).await?;
    Ok(wires)
}
