use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use super::*;
use crate::wait;

/// A shell that ignores the request to end, with a child in a process group of its own.
fn stubborn_tree() -> Child {
    let script = "trap '' TERM; setsid sleep 600 & while true; do sleep 600; done";
    Command::new("sh").args(["-c", script]).process_group(0).spawn().unwrap()
}

#[tokio::test]
async fn a_tree_that_ignores_the_request_is_killed_with_its_descendants() {
    let mut child = stubborn_tree();
    let root = ProcessId::of(child.id()).unwrap();
    let mut tree = Default::default();
    wait::until("the tree", Duration::from_secs(5), async || {
        tree = ProcessTable::snapshot().trees(&[root.pid].into());
        Ok((tree.len() == 3).then_some(()))
    })
    .await
    .unwrap();

    stop_trees(&[root], Signal::TERM, Duration::from_millis(100)).await.unwrap();

    child.wait().unwrap();
    assert!(tree.iter().all(|member| !member.is_alive()));
}

#[test]
fn a_reused_process_number_is_not_the_recorded_process() {
    let own = ProcessId::of(std::process::id()).unwrap();

    let earlier = ProcessId { start_ticks: own.start_ticks - 1, ..own };

    assert!(own.is_alive() && !earlier.is_alive());
}
