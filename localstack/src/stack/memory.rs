//! A folder in memory, for data that are worth nothing once their server is down.
//!
//! Hundreds of test databases are made and dropped again, each three hundred files. `ext4` does not
//! give out the numbers of files that were deleted a short time ago: it walks past all of them for
//! every new one, and a database that takes 30 ms alone took 350 ms then.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{StackLayout, remove_folder};

const SHARED_MEMORY: &str = "/dev/shm";
/// What the largest tests write, and as much again; programs need no less beside it.
const ROOM_BYTES: u64 = 6 << 30;

/// The stack's folder in memory if it has one.
pub(crate) fn existing(layout: &StackLayout) -> Option<PathBuf> {
    Some(path(layout)).filter(|folder| folder.is_dir())
}

/// Where the stack's folder in memory would be; `None` where there is no room for it.
pub(crate) fn folder(layout: &StackLayout) -> Option<PathBuf> {
    let free = rustix::fs::statvfs(SHARED_MEMORY).ok().map(|x| x.f_bavail * x.f_frsize)?;
    let available = available_memory(&std::fs::read_to_string("/proc/meminfo").ok()?)?;
    (free >= ROOM_BYTES && available >= 2 * ROOM_BYTES).then(|| path(layout))
}

/// Gives the memory back.
pub(super) fn release(layout: &StackLayout) -> Result<()> {
    remove_folder(&path(layout))
}

fn path(layout: &StackLayout) -> PathBuf {
    Path::new(SHARED_MEMORY).join(layout.unique_name())
}

/// Bytes that processes can have without swapping.
fn available_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_memory_is_read_in_bytes() {
        let meminfo = "MemTotal:       24000000 kB\nMemAvailable:   12000000 kB\n";

        assert_eq!(available_memory(meminfo), Some(12_000_000 * 1024));
        assert_eq!(available_memory("MemTotal: 1 kB\n"), None);
    }
}
