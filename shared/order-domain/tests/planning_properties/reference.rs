//! Kahn's algorithm, written for reading: take what waits for nothing, release what waited for it.

use std::collections::{BTreeSet, VecDeque};

/// What a plan of the graph must say.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) roots: Vec<usize>,
    pub(crate) waited_for_by: Vec<BTreeSet<usize>>,
    pub(crate) stages: Vec<usize>,
    pub(crate) longest_chain: usize,
    pub(crate) slowest_chain_minutes: u64,
}

impl Reference {
    /// `None` when the graph has a cycle.
    pub(crate) fn of(waits_for: &[BTreeSet<usize>], minutes: &[u32]) -> Option<Self> {
        let size = waits_for.len();
        let mut waited_for_by = vec![BTreeSet::new(); size];
        for (node, needed) in waits_for.iter().enumerate() {
            for needed in needed {
                waited_for_by[*needed].insert(node);
            }
        }
        let mut open: Vec<usize> = waits_for.iter().map(BTreeSet::len).collect();
        let roots: Vec<usize> = (0..size).filter(|node| open[*node] == 0).collect();
        let mut queue: VecDeque<usize> = roots.iter().copied().collect();
        let mut stages = vec![1; size];
        let mut done_at: Vec<u64> = minutes.iter().copied().map(u64::from).collect();
        let mut taken = 0;
        while let Some(node) = queue.pop_front() {
            taken += 1;
            for &next in &waited_for_by[node] {
                stages[next] = stages[next].max(stages[node] + 1);
                done_at[next] = done_at[next].max(done_at[node] + u64::from(minutes[next]));
                open[next] -= 1;
                if open[next] == 0 {
                    queue.push_back(next);
                }
            }
        }
        (taken == size).then(|| Self {
            roots,
            longest_chain: stages.iter().copied().max().unwrap_or(0),
            slowest_chain_minutes: done_at.iter().copied().max().unwrap_or(0),
            waited_for_by,
            stages,
        })
    }
}
