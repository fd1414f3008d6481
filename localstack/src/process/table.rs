//! What `/proc` says about the processes of this machine.

use std::collections::{BTreeMap, BTreeSet};

use super::ProcessId;

/// One process as `/proc` describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: ProcessId,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) is_zombie: bool,
}

/// A snapshot of all processes.
#[derive(Debug)]
pub struct ProcessTable {
    entries: BTreeMap<i32, Entry>,
}

impl ProcessTable {
    #[must_use]
    pub fn snapshot() -> Self {
        let entries = std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|folder| folder.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, read(pid)?)))
            .collect();
        Self { entries }
    }

    /// The given processes, their descendants and the members of their process groups.
    ///
    /// Both ways are needed: a child whose parent died is found by its group, a child that made a
    /// group of its own (PostgreSQL's do) by its parent.
    #[must_use]
    pub fn trees(&self, roots: &BTreeSet<i32>) -> BTreeSet<ProcessId> {
        let mut found: BTreeSet<i32> =
            roots.iter().copied().filter(|pid| self.entries.contains_key(pid)).collect();
        loop {
            let before = found.len();
            for entry in self.entries.values() {
                let is_member = roots.contains(&entry.group) && entry.group != 0;
                if is_member || found.contains(&entry.parent) {
                    found.insert(entry.id.pid);
                }
            }
            if found.len() == before {
                break;
            }
        }
        found.iter().filter_map(|pid| self.entries.get(pid)).map(|entry| entry.id).collect()
    }

    /// Processes that carry `marker` (`NAME=value`) in the environment they were started with.
    ///
    /// The environment of other users' processes is unreadable, and those are never ours.
    #[must_use]
    pub fn marked(&self, marker: &str) -> BTreeSet<i32> {
        let carries_marker = |pid: &&i32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes())
        };
        self.entries.keys().filter(carries_marker).copied().collect()
    }

    /// This process and those above it, which must never be stopped by it.
    #[must_use]
    pub fn own_ancestry(&self) -> BTreeSet<i32> {
        let own = i32::try_from(std::process::id()).ok();
        std::iter::successors(own, |pid| Some(self.entries.get(pid)?.parent)).collect()
    }
}

/// The number the kernel gives every boot.
#[must_use]
pub fn boot_id() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

pub(super) fn read(pid: i32) -> Option<Entry> {
    parse(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields of `/proc/<pid>/stat` after the command, which stands in brackets and may contain any.
fn parse(pid: i32, stat: &str) -> Option<Entry> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let start_ticks = fields.nth(16)?.parse().ok()?;
    let is_zombie = matches!(state, "Z" | "X");
    Some(Entry { id: ProcessId { pid, start_ticks }, parent, group, is_zombie })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pid: i32, parent: i32, group: i32) -> (i32, Entry) {
        let id = ProcessId { pid, start_ticks: 1 };
        (pid, Entry { id, parent, group, is_zombie: false })
    }

    #[test]
    fn a_command_with_brackets_and_spaces_does_not_shift_the_fields() {
        let stat = "7 (a) S (b) Z 3 4 5 0 -1 4 1 1 1 1 1 1 1 1 20 0 9 0 12345 1 1";

        let entry = parse(7, stat).unwrap();

        assert_eq!((entry.parent, entry.group, entry.is_zombie), (3, 4, true));
        assert_eq!(entry.id.start_ticks, 12345);
    }

    #[test]
    fn a_tree_contains_children_with_a_group_of_their_own_and_orphans_of_the_group() {
        let entries = [
            entry(10, 1, 10),
            entry(11, 10, 11),
            entry(12, 11, 12),
            entry(13, 1, 10),
            entry(14, 13, 14),
            entry(20, 1, 20),
        ];
        let table = ProcessTable { entries: entries.into_iter().collect() };

        let tree = table.trees(&BTreeSet::from([10]));

        let pids: Vec<i32> = tree.iter().map(|id| id.pid).collect();
        assert_eq!(pids, [10, 11, 12, 13, 14]);
    }
}
