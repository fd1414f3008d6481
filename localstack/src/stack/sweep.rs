//! Ending a stack, whoever started it and however its starter ended.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;

use super::{Phase, StackLayout, StackState, memory};
use crate::process::{ProcessId, ProcessTable, Signal, boot_id, stop_trees};

/// Stopped in this order: nobody loses the database while it still works for somebody.
const ORDER: [&str; 4] = ["simulator", "aws", "engine", "postgres"];

/// Stops one component with its whole tree; it stays recorded, so that `status` shows it as dead.
///
/// # Errors
/// Processes that cannot be killed.
pub async fn stop_component(layout: &StackLayout, name: &str, request: Signal) -> Result<()> {
    let state = StackState::load(layout)?;
    match state.components.get(name) {
        Some(component) if state.boot_id == boot_id() => {
            stop_trees(&[component.process], request, grace(name)).await
        }
        _ => Ok(()),
    }
}

/// Stops every component and whatever else carries the stack's marker.
///
/// # Errors
/// Processes that cannot be killed.
pub async fn stop_all(layout: &StackLayout) -> Result<()> {
    let recorded = StackState::load(layout)?.components;
    let (known, unknown): (Vec<&str>, Vec<&str>) =
        recorded.keys().map(String::as_str).partition(|name| ORDER.contains(name));
    let ordered = ORDER.into_iter().filter(|name| known.contains(name));
    for name in unknown.iter().copied().chain(ordered) {
        stop_component(layout, name, polite_request(name)).await?;
    }
    stop_marked(layout).await?;
    memory::release(layout)?;
    StackState::update(layout, |state| {
        state.phase = Phase::Stopped;
        state.components.clear();
        Ok(())
    })
}

/// Removes what a command left behind that was killed; answers whether there was anything.
///
/// # Errors
/// Processes that cannot be killed.
pub async fn sweep(layout: &StackLayout) -> Result<bool> {
    let state = StackState::load(layout)?;
    let is_from_this_boot = state.boot_id == boot_id();
    if state.phase == Phase::Detached && is_from_this_boot {
        return Ok(false);
    }
    let was_running = state.components.values().any(|found| found.process.is_alive());
    let found = (was_running && is_from_this_boot) || !marked(layout).is_empty();
    stop_all(layout).await?;
    Ok(found)
}

/// PostgreSQL reads SIGTERM as "wait until every client has gone" and SIGINT as "now, in order".
pub(crate) fn polite_request(component: &str) -> Signal {
    if component == "postgres" { Signal::INT } else { Signal::TERM }
}

fn grace(component: &str) -> Duration {
    match component {
        "postgres" => Duration::from_secs(20),
        "engine" => Duration::from_secs(8),
        _ => Duration::from_secs(3),
    }
}

async fn stop_marked(layout: &StackLayout) -> Result<()> {
    let roots: Vec<ProcessId> = marked(layout).into_iter().collect();
    stop_trees(&roots, Signal::INT, Duration::from_secs(5)).await
}

fn marked(layout: &StackLayout) -> BTreeSet<ProcessId> {
    let table = ProcessTable::snapshot();
    let spared = table.own_ancestry();
    let marked = table.marked(&layout.marker());
    let others: BTreeSet<i32> = marked.difference(&spared).copied().collect();
    table.trees(&others)
}
