//! The course of a run up to its last order: orders are placed, and strikes fall among them.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::callers::Callers;
use super::evidence::Collector;
use super::plan::Plan;
use super::rhythm::Rhythm;
use super::strikes::Strikes;
use crate::session::Session;
use crate::wait;

const PAUSE: Duration = Duration::from_millis(200);
/// Orders under way at the same time. Callers who order faster than one machine works would measure
/// the emulator, which starts a process for every message that waits.
const MOST_UNDER_WAY: i64 = 25;
/// How often a caller looks whether there is room. What faults hold up longer does not hold up the
/// callers.
const ROOM_TRIES: u32 = 50;
/// Orders between two looks.
const PORTION: usize = 10;

pub(super) struct Course<'a> {
    pub(super) session: &'a Session,
    pub(super) callers: Callers,
    pub(super) strikes: Strikes<'a>,
    pub(super) collector: Collector,
    pub(super) rhythm: Rhythm<'a>,
    pub(super) started: Instant,
}

impl Course<'_> {
    /// Places every order of the plan and lets every strike fall that becomes due meanwhile.
    pub(super) async fn run(&mut self, plan: &Plan) -> Result<()> {
        for order in &plan.orders {
            self.callers.place(order, &self.session.layout).await?;
            if self.callers.placed().is_multiple_of(PORTION) {
                self.collector.drain().await;
                self.leave_room().await?;
            }
            self.strike().await?;
        }
        self.callers.settle(&self.session.layout, &mut self.collector).await?;
        self.strikes.end().await
    }

    async fn leave_room(&mut self) -> Result<()> {
        for _ in 0..ROOM_TRIES {
            if self.collector.open_orders().await.is_ok_and(|open| open <= MOST_UNDER_WAY) {
                break;
            }
            wait::pause(PAUSE).await;
            self.strike().await?;
        }
        Ok(())
    }

    /// What is due, unless every order is done: a strike that meets nothing proves nothing, and waits
    /// for the next order.
    async fn strike(&mut self) -> Result<()> {
        let placed = self.callers.placed();
        while self.collector.has_open_orders().await
            && let Some(strike) = self.rhythm.due(placed, Instant::now())
        {
            let at = self.started.elapsed().as_secs();
            self.session.progress.say(&format!("  {at:>4} s · {placed} orders placed · {strike}"));
            self.strikes.carry_out(&strike, &mut self.collector).await?;
            self.collector.drain().await;
        }
        Ok(())
    }
}
