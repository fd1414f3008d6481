//! Stopping whole process trees.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::{Pid, kill_process};

use super::{ProcessId, ProcessTable};
use crate::wait;

pub use rustix::process::Signal;

/// How long killed processes may take to disappear.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Sends a signal to one process; one that is gone already is no failure.
pub fn send(process: ProcessId, signal: Signal) {
    if process.is_alive()
        && let Some(pid) = Pid::from_raw(process.pid)
    {
        // It may end between the question and the signal: nothing is left to do then.
        let _gone = kill_process(pid, signal);
    }
}

/// Asks the roots to end, and kills after `grace` what is left of their trees.
///
/// The trees are looked up before asking, because a parent that ends first takes the relation to
/// its children with it, and again afterwards, because a process may have started another one.
///
/// # Errors
/// Processes that survive being killed, with their numbers.
pub async fn stop_trees(roots: &[ProcessId], request: Signal, grace: Duration) -> Result<()> {
    let alive: BTreeSet<i32> =
        roots.iter().filter(|root| root.is_alive()).map(|root| root.pid).collect();
    // The group of a dead leader keeps its number while members live, so dead roots count too.
    let numbers: BTreeSet<i32> = roots.iter().map(|root| root.pid).collect();
    let mut members = members_of(if alive.is_empty() { &numbers } else { &alive });
    for root in roots {
        send(*root, request);
    }
    let started = Instant::now();
    while started.elapsed() < grace && members.iter().any(|member| member.is_alive()) {
        wait::pause(Duration::from_millis(20)).await;
        members.extend(members_of(&alive));
    }
    kill(&mut members, &alive).await
}

async fn kill(members: &mut BTreeSet<ProcessId>, roots: &BTreeSet<i32>) -> Result<()> {
    let started = Instant::now();
    loop {
        members.extend(members_of(roots));
        let left: Vec<i32> =
            members.iter().filter(|member| member.is_alive()).map(|member| member.pid).collect();
        if left.is_empty() {
            return Ok(());
        }
        if started.elapsed() > KILL_LIMIT {
            bail!("processes {left:?} cannot be killed");
        }
        for member in members.iter() {
            send(*member, Signal::KILL);
        }
        wait::pause(Duration::from_millis(20)).await;
    }
}

fn members_of(roots: &BTreeSet<i32>) -> BTreeSet<ProcessId> {
    let table = ProcessTable::snapshot();
    let spared = table.own_ancestry();
    table.trees(roots).into_iter().filter(|member| !spared.contains(&member.pid)).collect()
}
