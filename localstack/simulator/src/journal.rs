//! The journal: an append-only file of JSON lines, on disk before anybody is answered.
//!
//! One thread writes; records that arrive while it waits for the disk share the next `fsync`.
//! A line that a crash cut off was never acknowledged: it is dropped when the file is opened.
//! The file is locked, so that two simulators never share a state folder.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;

use anyhow::{Context, bail};
use tokio::sync::{mpsc, oneshot};

use crate::record::Record;

/// The records are not on disk, and whether they ever will be is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be written")]
pub(crate) struct JournalLost;

enum Order {
    Append { lines: Vec<u8>, done: oneshot::Sender<()> },
    Close { done: oneshot::Sender<()> },
}

/// The writing end.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    orders: mpsc::UnboundedSender<Order>,
}

/// Records on their way to the disk; wait before answering.
#[must_use]
#[derive(Debug)]
pub(crate) struct Pending(Option<oneshot::Receiver<()>>);

impl Journal {
    /// Opens or creates the file and returns what it holds.
    pub(crate) fn open(path: &Path) -> anyhow::Result<(Self, Vec<Record>)> {
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        if file.try_lock().is_err() {
            bail!("another simulator uses {}", path.display());
        }
        let records = replay(&mut file)?;
        let (orders, inbox) = mpsc::unbounded_channel();
        thread::Builder::new().name("journal".to_owned()).spawn(move || write_all(file, inbox))?;
        Ok((Self { orders }, records))
    }

    /// Puts records in line; the order of the calls is the order in the file.
    pub(crate) fn append(&self, records: &[Record]) -> Pending {
        let mut lines = Vec::new();
        for record in records {
            if serde_json::to_writer(&mut lines, record).is_err() {
                return Pending(None);
            }
            lines.push(b'\n');
        }
        let (done, written) = oneshot::channel();
        let is_open = self.orders.send(Order::Append { lines, done }).is_ok();
        Pending(is_open.then_some(written))
    }

    /// Writes what is in line and releases the file.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.orders.send(Order::Close { done }).is_ok() {
            // An error means that the thread has ended already, which is what is wanted.
            let _ = closed.await;
        }
    }
}

impl Pending {
    /// Returns when the records are on disk.
    pub(crate) async fn on_disk(self) -> Result<(), JournalLost> {
        match self.0 {
            Some(written) => written.await.map_err(|_| JournalLost),
            None => Err(JournalLost),
        }
    }
}

fn replay(file: &mut File) -> anyhow::Result<Vec<Record>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if complete < bytes.len() {
        file.set_len(complete as u64)?;
        file.seek(SeekFrom::End(0))?;
    }
    bytes[..complete]
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line).with_context(|| format!("journal line {}", index + 1))
        })
        .collect()
}

fn write_all(mut file: File, mut inbox: mpsc::UnboundedReceiver<Order>) {
    while let Some(first) = inbox.blocking_recv() {
        let mut lines = Vec::new();
        let mut waiting = Vec::new();
        let mut closing = None;
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Append { lines: more, done } => {
                    lines.extend(more);
                    waiting.push(done);
                }
                Order::Close { done } => {
                    closing = Some(done);
                    break;
                }
            }
            next = inbox.try_recv().ok();
        }
        if let Err(error) = write(&mut file, &lines) {
            // Whoever waits sees its sender dropped; nothing more is accepted.
            tracing::error!(%error, "the journal cannot be written");
            return;
        }
        for done in waiting {
            let _ = done.send(());
        }
        if let Some(done) = closing {
            drop(file);
            let _ = done.send(());
            return;
        }
    }
}

fn write(file: &mut File, lines: &[u8]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    file.write_all(lines)?;
    file.sync_data()
}
