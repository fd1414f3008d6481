//! Every recorded fact arrived, nothing arrived that was not recorded, and under the right tenant.

use std::collections::BTreeSet;

use anyhow::Result;
use tokio_postgres::Client;

use crate::evidence::ReceivedEvent;
use crate::invariant::Invariant as I;
use crate::report::Report;

const RECORDED: &str = "select e.id::text, e.order_id::text, e.tenant_id from domain_event e";
/// What is still owed is not lost; I5 over the tables finds what is owed for too long.
const OWED: &str = "select m.payload #>> '{cloudEvent,id}' from outbox_message m
    where m.kind = 'DOMAIN_EVENT' and m.payload #>> '{cloudEvent,id}' is not null";

pub(crate) async fn check(
    database: &Client,
    received: &[ReceivedEvent],
    report: &mut Report,
) -> Result<()> {
    let mut recorded = BTreeSet::new();
    for row in database.query_typed(RECORDED, &[]).await? {
        recorded.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    }
    let mut owed = BTreeSet::new();
    for row in database.query_typed(OWED, &[]).await? {
        owed.insert(row.try_get::<_, String>(0)?);
    }
    let arrived: BTreeSet<(String, String, String)> = received
        .iter()
        .map(|x| (x.event_id.clone(), x.order_id.clone(), x.tenant_id.clone()))
        .collect();
    report.look(I::I5, recorded.len() as u64);
    report.look(I::I13, arrived.len() as u64);
    for (event, order, _) in recorded.difference(&arrived).filter(|x| !owed.contains(&x.0)) {
        report.violate(I::I5, order.clone(), format!("event {event} is not at its target"));
    }
    for (event, order, tenant) in arrived.difference(&recorded) {
        let detail = format!("event {event} arrived for {tenant}, who did not record it so");
        report.violate(I::I13, order.clone(), detail);
    }
    Ok(())
}
