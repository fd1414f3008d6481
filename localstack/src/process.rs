//! Processes of a stack: started with a clean environment, found again, stopped as whole trees.
//!
//! A process is recorded with its start time, because a process id alone may belong to somebody
//! else tomorrow; and it carries the stack's marker in its environment, because a command that was
//! killed between starting and recording leaves no other trace.

mod launch;
mod stop;
mod table;

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

pub use launch::{Launch, UnixUser};
pub use stop::{Signal, send, stop_trees};
pub use table::{ProcessTable, boot_id};

/// The variable by which processes of a stack are recognised; its value is the stack's folder.
pub const MARKER_VARIABLE: &str = "OMS_LOCAL_STACK";

/// A process, not mistaken for a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessId {
    pub pid: i32,
    /// Clock ticks between boot and start.
    pub start_ticks: u64,
}

impl ProcessId {
    /// The running process with this number.
    ///
    /// # Errors
    /// There is none.
    pub fn of(pid: u32) -> Result<Self> {
        let pid = i32::try_from(pid)?;
        let entry = table::read(pid).with_context(|| format!("process {pid} is gone"))?;
        Ok(entry.id)
    }

    /// Whether it still runs; one that ended and was not collected yet (a zombie) does not.
    #[must_use]
    pub fn is_alive(self) -> bool {
        table::read(self.pid).is_some_and(|entry| entry.id == self && !entry.is_zombie)
    }
}

/// The last lines of a log, for the message of a failure.
#[must_use]
pub fn log_tail(log: &Path) -> String {
    let Ok(bytes) = std::fs::read(log) else {
        return format!("({} is missing)", log.display());
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let tail = &lines[lines.len().saturating_sub(15)..];
    format!("last lines of {}:\n  {}", log.display(), tail.join("\n  "))
}

#[cfg(test)]
mod tests;
