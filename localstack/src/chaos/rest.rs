//! Quiet: no delivery owed, no step in work, no order without either an end or a case.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::evidence::Collector;
use crate::session::Session;
use crate::wait;

const PAUSE: Duration = Duration::from_millis(500);
const SAY_EVERY: Duration = Duration::from_secs(30);

/// What is still going on apart from orders: deliveries, communications, steps without a case.
const BUSY: &str = "select
    (select count(*) from outbox_message m where m.dead_at is null)
  + (select count(*) from customer_notification n where n.status in ('SCHEDULED', 'SENDING', 'UNKNOWN'))
  + (select count(*) from fulfillment_step s
     where s.status in ('SUBMITTING', 'SUBMITTED') or s.status = 'READY' and s.held_by_incident_id is null
        or s.status = 'UNKNOWN' and not exists (
            select from order_fallout_case c
            where c.tenant_id = s.tenant_id and c.fulfillment_step_id = s.id
              and c.status not in ('RESOLVED', 'CANCELLED')))";

/// How the wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// After so long.
    Quiet(Duration),
    /// So much was still going on when the time was over.
    Busy(i64),
}

/// Waits until nothing goes on any more, or until the time is over.
pub(super) async fn settle(collector: &mut Collector, limit: Duration) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < limit && busy(collector).await? > 0 {
        wait::pause(PAUSE).await;
    }
    Ok(())
}

pub(super) async fn wait(
    session: &Session,
    collector: &mut Collector,
    patience_seconds: u64,
) -> Result<Rest> {
    let step = session.progress.step("wait for quiet");
    let (started, limit) = (Instant::now(), Duration::from_secs(patience_seconds));
    let mut said = started;
    loop {
        let left = busy(collector).await?;
        if left == 0 {
            let elapsed = started.elapsed();
            step.done("every order has ended or has a case");
            return Ok(Rest::Quiet(elapsed));
        }
        if started.elapsed() > limit {
            return Ok(Rest::Busy(left));
        }
        step.note(&format!("{left} things to do"));
        if said.elapsed() > SAY_EVERY {
            said = Instant::now();
            let seconds = started.elapsed().as_secs();
            session.progress.say(&format!("  {seconds:>4} s of rest · {left} things to do"));
        }
        wait::pause(PAUSE).await;
    }
}

/// What goes on in the tables and in the queues. An order whose case is open may wait for a person
/// for ever.
async fn busy(collector: &mut Collector) -> Result<i64> {
    collector.drain().await;
    let queued = i64::try_from(collector.queued().await?).unwrap_or(i64::MAX);
    Ok(collector.open_orders().await? + collector.number(BUSY).await? + queued)
}
