//! The effect ledger: what really happened, so that a duplicate cannot hide.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::system::System;
use crate::world::{RequestKey, World};

/// The answer of `GET /admin/ledger`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ledger {
    pub(crate) effects: Vec<LedgerEntry>,
    /// Effects altogether: the sum of all counts.
    pub(crate) total_effects: usize,
    /// Effects beyond the first of their request id; 0 is right.
    pub(crate) duplicate_effects: usize,
    /// Effects beyond the first of the same step, whatever the request id; 0 is right unless an
    /// operator started a new generation of a step that had taken effect.
    pub(crate) duplicate_step_effects: usize,
}

/// All effects of one request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LedgerEntry {
    pub(crate) system: System,
    pub(crate) request_id: Uuid,
    pub(crate) operation: String,
    pub(crate) tenant_id: String,
    pub(crate) order_id: Uuid,
    pub(crate) order_line_id: Option<Uuid>,
    pub(crate) step_key: String,
    pub(crate) external_reference: String,
    pub(crate) count: usize,
    pub(crate) first_at: Timestamp,
    pub(crate) last_at: Timestamp,
}

impl Ledger {
    /// The effects of the requests that `is_wanted` picks, in the order they began.
    pub(crate) fn of(world: &World, is_wanted: impl Fn(&LedgerEntry) -> bool) -> Self {
        let mut entries: BTreeMap<RequestKey, LedgerEntry> = BTreeMap::new();
        for effect in &world.effects {
            let key = (effect.system, effect.request_id);
            if let Some(entry) = entries.get_mut(&key) {
                entry.count += 1;
                entry.last_at = effect.at;
            } else if let Some(entry) = first(world, key, effect.at) {
                entries.insert(key, entry);
            }
        }
        let mut effects: Vec<_> = entries.into_values().filter(is_wanted).collect();
        effects.sort_by_key(|entry| (entry.first_at, entry.request_id));
        let total_effects = effects.iter().map(|entry| entry.count).sum();
        let mut steps = BTreeMap::new();
        for entry in &effects {
            let step =
                (&entry.tenant_id, entry.order_id, entry.system, &entry.operation, &entry.step_key);
            *steps.entry(step).or_insert(0) += entry.count;
        }
        let duplicate_step_effects = steps.values().map(|count| count - 1).sum();
        let duplicate_effects = total_effects - effects.len();
        Self { effects, total_effects, duplicate_effects, duplicate_step_effects }
    }
}

fn first(world: &World, key: RequestKey, at: Timestamp) -> Option<LedgerEntry> {
    let submitted = &world.requests.get(&key)?.submitted;
    let request = submitted.request.clone();
    Some(LedgerEntry {
        system: key.0,
        request_id: key.1,
        operation: request.operation,
        tenant_id: request.tenant_id,
        order_id: request.order_id,
        order_line_id: request.order_line_id,
        step_key: request.step_key,
        external_reference: submitted.external_reference.clone(),
        count: 1,
        first_at: at,
        last_at: at,
    })
}
