//! What is done to the parts of the stack, and how often it met work.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};

use super::evidence::Collector;
use super::impatience;
use super::plan::{Plan, Strike};
use super::systems::Hits;
use super::wires::Wires;
use crate::postgres::Durability;
use crate::process::{ProcessId, ProcessTable, Signal, send};
use crate::progress::Progress;
use crate::session::Session;
use crate::stack::{StackLayout, StackState};
use crate::{aws, engine, postgres, simulator, wait};

/// How many function processes one kill takes.
const VICTIMS: usize = 4;
/// Function processes are started under this name.
const FUNCTION: &str = "bootstrap";
/// The parts stay down for so long.
const DOWN: Duration = Duration::from_secs(2);

pub(super) struct Strikes<'a> {
    session: &'a Session,
    wires: Wires,
    hits: Hits,
    turn: usize,
}

impl<'a> Strikes<'a> {
    /// A planned strike that never falls has no hit.
    pub(super) fn of(session: &'a Session, wires: Wires, plan: &Plan) -> Self {
        let hits = plan.strikes.iter().map(|x| (x.kind().to_owned(), 0)).collect();
        Self { session, wires, hits, turn: 0 }
    }

    /// Strikes; it counts as a hit only when orders were under way before or after.
    pub(super) async fn carry_out(
        &mut self,
        strike: &Strike,
        collector: &mut Collector,
    ) -> Result<()> {
        let has_work = collector.has_open_orders().await;
        let met = self.strike(*strike, collector).await?;
        let has_work = has_work || collector.has_open_orders().await;
        let hits = self.hits.entry(strike.kind().to_owned()).or_default();
        *hits += u64::from(has_work && met);
        Ok(())
    }

    /// Answers whether there was anything to strike.
    async fn strike(&mut self, strike: Strike, collector: &mut Collector) -> Result<bool> {
        let layout = &self.session.layout;
        match strike {
            Strike::KillWorkers => {
                let workers: Vec<ProcessId> = workers(layout)?.into_iter().collect();
                // Others each time, in an order that the plan fixes.
                let victims = workers.iter().cycle().skip(self.turn).take(VICTIMS);
                victims.for_each(|victim| send(*victim, Signal::KILL));
                self.turn += VICTIMS;
                return Ok(!workers.is_empty());
            }
            Strike::FreezeWorkers(time) => {
                let workers = workers(layout)?;
                signal(&workers, Signal::STOP);
                wait::pause(time).await;
                signal(&workers, Signal::CONT);
                return Ok(!workers.is_empty());
            }
            Strike::KillEngine => {
                engine::kill(layout).await?;
                wait::pause(DOWN).await;
                engine::start(layout, &Progress::silent()).await?;
            }
            Strike::KillPostgres => {
                postgres::kill(layout).await?;
                wait::pause(DOWN).await;
                postgres::start(layout, &Progress::silent(), Durability::Fsync).await?;
                collector.reconnect().await?;
            }
            Strike::KillSystems => {
                simulator::kill(layout).await?;
                wait::pause(DOWN).await;
                simulator::start(layout, &Progress::silent()).await?;
            }
            Strike::LoseQueues => lose_queues(layout, collector).await?,
            Strike::SpoilWire(wire, fault) => return self.wires.spoil(wire, fault).await,
        }
        Ok(true)
    }

    pub(super) fn merge(&self, systems: Hits) -> Hits {
        let mut all = systems;
        all.extend(self.hits.clone());
        all
    }

    /// Nothing stays stopped.
    pub(super) async fn end(&self) -> Result<()> {
        signal(&workers(&self.session.layout)?, Signal::CONT);
        Ok(())
    }
}

/// The queue behind the event bus is the run's own witness, not a part of the product: it is emptied
/// while no function runs, so that only the product's queues lose what they accepted.
async fn lose_queues(layout: &StackLayout, collector: &mut Collector) -> Result<()> {
    signal(&workers(layout)?, Signal::STOP);
    collector.empty_events().await?;
    aws::kill(layout).await?;
    let progress = Progress::silent();
    aws::start(layout, &progress).await?;
    aws::deploy(layout, &progress, &aws::Target::of(layout)?).await?;
    impatience::of_queues(layout).await?;
    collector.follow_deployment(layout)
}

fn signal(workers: &BTreeSet<ProcessId>, signal: Signal) {
    workers.iter().for_each(|worker| send(*worker, signal));
}

/// The function processes below the emulator.
fn workers(layout: &StackLayout) -> Result<BTreeSet<ProcessId>> {
    let state = StackState::load(layout)?;
    let emulator = state.components.get(aws::COMPONENT).context("no emulator")?.process.pid;
    let is_function = |process: &ProcessId| {
        let program = std::fs::read_link(format!("/proc/{}/exe", process.pid));
        program.is_ok_and(|x| x.file_name().is_some_and(|name| name == FUNCTION))
    };
    let tree = ProcessTable::snapshot().trees(&BTreeSet::from([emulator]));
    Ok(tree.into_iter().filter(is_function).collect())
}
