//! One command at a time changes a stack.
//!
//! The kernel drops the lock when its holder dies, so a crash never leaves a stale one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::StackLayout;

/// Held for as long as a command may start or stop processes of the stack.
#[derive(Debug)]
pub struct StackLock {
    _file: File,
}

impl StackLock {
    /// # Errors
    /// Another command works on the stack; the message names it.
    pub fn acquire(layout: &StackLayout, command: &str) -> Result<Self> {
        let mut file = open(&layout.dir().join("lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                bail!("stack {} is in use by {}", layout.name(), named(&holder));
            }
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the stack"),
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "`cargo local {command}` (process {})", std::process::id())?;
        Ok(Self { _file: file })
    }
}

/// Between taking the lock and signing it, its holder has no name yet.
fn named(holder: &str) -> &str {
    if holder.trim().is_empty() { "another `cargo local` command" } else { holder.trim() }
}

/// Waits for its turn; for short sections such as rewriting `stack.json` or filling the cache.
///
/// # Errors
/// The file cannot be opened or locked.
pub(crate) fn exclusive(path: &Path) -> Result<File> {
    let file = open(path)?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}
