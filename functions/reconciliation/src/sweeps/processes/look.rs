//! What the engine knows about a round's processes, in one question or two.

use std::collections::{BTreeMap, BTreeSet};

use camunda_client::{
    BusinessKey, EngineClient, EngineError, HistoricInstance, HistoricInstanceQuery, Page,
};
use order_store::correlation::ProcessCheck;
use workflow_delivery::PROCESS_KEY;

use crate::policy;

/// Instances by business key, running and ended, oldest first.
pub(crate) struct Seen {
    instances: BTreeMap<String, Vec<HistoricInstance>>,
    /// Recorded instances that history does not know, and that run all the same.
    running: BTreeSet<String>,
}

impl Seen {
    pub(crate) fn of(&self, check: &ProcessCheck) -> &[HistoricInstance] {
        self.instances.get(&key_of(check).to_string()).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_running(&self, id: &str) -> bool {
        self.running.contains(id)
    }
}

/// The business key of a check's order.
pub(crate) fn key_of(check: &ProcessCheck) -> BusinessKey {
    BusinessKey::of_order(check.tenant.clone(), check.order_id)
}

/// Asks history by business key; what it does not know is looked for among the running ones, so
/// that a gap in history never makes a running process look lost.
pub(crate) async fn at(
    engine: &EngineClient,
    checks: &[ProcessCheck],
) -> Result<Seen, EngineError> {
    let mut keys = checks.iter().map(key_of);
    let mut instances: BTreeMap<String, Vec<HistoricInstance>> = BTreeMap::new();
    if let Some(first) = keys.next() {
        let query = HistoricInstanceQuery::of_orders(PROCESS_KEY, first, keys);
        for instance in all_pages(engine, &query).await? {
            let key = instance.business_key.clone().unwrap_or_default();
            instances.entry(key).or_default().push(instance);
        }
    }
    let known: BTreeSet<&str> = instances.values().flatten().map(|x| x.id.as_str()).collect();
    let recorded = checks.iter().filter_map(|x| x.process_instance_id.as_deref());
    let unknown: Vec<&str> = recorded.filter(|x| !known.contains(x)).collect();
    let running = engine.list_instances_by_id(&unknown).await?.into_iter().map(|x| x.id).collect();
    Ok(Seen { instances, running })
}

async fn all_pages(
    engine: &EngineClient,
    query: &HistoricInstanceQuery,
) -> Result<Vec<HistoricInstance>, EngineError> {
    let mut page = Page::first(policy::ENGINE_ROWS);
    let mut all = Vec::new();
    loop {
        let found = engine.list_historic_instances(query, page).await?;
        let is_last = found.len() < policy::ENGINE_ROWS as usize;
        all.extend(found);
        if is_last {
            return Ok(all);
        }
        page = page.next();
    }
}
