//! `cargo local demo`: one accepted quote becomes a completed order, before the reader's eyes.
//!
//! The demo believes nobody: what the API says at the end is compared with the tables, the
//! engine's history, the ledger of the external systems and the events on the bus.

mod engine_calls;
mod facts;
mod fallout;
mod quote;
mod timeline;
mod verdict;
mod view;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cli::{DemoArguments, Scenario};
use crate::domain_events::DomainEventQueue;
use crate::orders_api::OrdersApi;
use crate::progress::Step;
use crate::session::Session;
use crate::stack::{Phase, StackState, stop_all};
use crate::{commands, http, output, wait};

use engine_calls::EngineCalls;
use facts::{Facts, Sources};
use quote::DemoQuote;
use verdict::unfulfilled;
use view::OrderView;

const PAUSE: Duration = Duration::from_millis(250);

/// How the demo order ended.
struct Outcome {
    view: OrderView,
    facts: Facts,
    calls: EngineCalls,
    elapsed: Duration,
    unfulfilled: Vec<String>,
}

/// Runs the demo; a stack that was up before stays up.
///
/// # Errors
/// The stack cannot be started, or the order cannot be placed or followed.
pub async fn run(stack: &str, arguments: &DemoArguments) -> Result<ExitCode> {
    let session = Session::open(stack, "demo").await?;
    let quote = DemoQuote::read(&session.layout.resolve(&arguments.quote))?;
    let was_up = StackState::load(&session.layout)?.phase == Phase::Detached;
    let outcome = session.run(start_and_follow(&session, arguments, quote)).await?;
    let stays_up = arguments.keep || was_up;
    if stays_up {
        session.detach()?;
    } else {
        stop_all(&session.layout).await?;
    }
    let code = report(&session, arguments, &outcome);
    if stays_up {
        commands::say_where_cockpit_is(&session)?;
    }
    code
}

async fn start_and_follow(
    session: &Session,
    arguments: &DemoArguments,
    quote: DemoQuote,
) -> Result<Outcome> {
    commands::start_all(session).await?;
    let started = Instant::now();
    let client = http::client()?;
    let state = StackState::load(&session.layout)?;
    let mut calls = EngineCalls::from_now(&session.layout)?;
    let mut queue = DomainEventQueue::of(&state)?;
    let sources = Sources::of(&state, client.clone()).await?;
    quote.put(&client, &state).await?;
    let api = OrdersApi::of(&session.layout, client.clone(), "demo")?;
    let trouble = match arguments.scenario {
        Scenario::Straight => None,
        Scenario::Fallout => Some(fallout::prepare(session, &client, &state).await?),
    };
    let order_id = quote.order(&api).await?;
    if let Some(trouble) = &trouble {
        trouble.repair(session, &api, &order_id).await?;
    }
    let step = session.progress.step("order");
    let limit = Duration::from_secs(arguments.timeout);
    loop {
        queue.drain().await;
        let view = follow(&api, &order_id, &step).await;
        if let Some(view) = view {
            let facts = sources.collect(&order_id, &view, queue.ids_of(&order_id)).await;
            let missing = unfulfilled(&facts);
            if missing.is_empty() || started.elapsed() > limit {
                calls.read()?;
                let elapsed = started.elapsed();
                step.done(&format!("{} {order_id}", view.status));
                if let Some(trouble) = &trouble {
                    trouble.show_timeline(session, &order_id).await?;
                }
                return Ok(Outcome { view, facts, calls, elapsed, unfulfilled: missing });
            }
        } else if started.elapsed() > limit {
            bail!("order {order_id} could not be read for {} s", limit.as_secs());
        }
        wait::pause(PAUSE).await;
    }
}

/// One look; a failed one is repeated, because parts of the stack may be killed meanwhile.
async fn follow(api: &OrdersApi, order_id: &str, step: &Step) -> Option<OrderView> {
    match api.order::<OrderView>(order_id).await {
        Ok(view) => {
            step.note(&view.headline());
            Some(view)
        }
        Err(error) => {
            step.note(&format!("cannot read the order: {error:#}"));
            None
        }
    }
}

fn report(session: &Session, arguments: &DemoArguments, outcome: &Outcome) -> Result<ExitCode> {
    session.progress.say(&timeline::render(&outcome.view));
    for condition in &outcome.unfulfilled {
        session.progress.say(&format!("✗ {condition}"));
    }
    if arguments.json {
        output::line(&format!("{}", outcome.facts.to_json(&outcome.calls, outcome.elapsed)));
    }
    let is_good = outcome.unfulfilled.is_empty();
    if is_good {
        let seconds = outcome.elapsed.as_secs_f32();
        session.progress.say(&format!("✓ completed, every effect once, in {seconds:.1} s"));
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
