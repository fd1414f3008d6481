//! One connection: a pump for each direction, which hand their sockets back when they are stopped.
//!
//! Getting the whole sockets back is what makes a clean reset possible: a half that is dropped
//! would send FIN first, and the peer would see an orderly end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::fault::{Board, Fault};

const CHUNK: usize = 16 * 1024;

/// A connection and its way to the upstream.
#[derive(Debug)]
pub(crate) struct Link {
    up: Pump,
    /// None when the client saw the end of the stream.
    down: Option<Down>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
enum Down {
    Pump(Pump),
    /// Never answered; kept, because dropping it would end the stream.
    Silent(OwnedWriteHalf),
}

#[derive(Debug)]
struct Shared {
    board: Arc<Board>,
    is_silent: AtomicBool,
    has_hit: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// The task of one direction; ends with it.
#[derive(Debug)]
struct Pump {
    stop: Arc<Notify>,
    task: JoinHandle<(OwnedReadHalf, Option<OwnedWriteHalf>)>,
}

impl Link {
    /// Joins both ends under the fault in force.
    pub(crate) fn join(client: TcpStream, upstream: TcpStream, board: Arc<Board>) -> Self {
        let shared = Arc::new(Shared::new(board, false));
        let (client_read, client_write) = client.into_split();
        let (upstream_read, upstream_write) = upstream.into_split();
        let up = Pump::start(Direction::Up, client_read, Some(upstream_write), &shared);
        let down = Pump::start(Direction::Down, upstream_read, Some(client_write), &shared);
        Self { up, down: Some(Down::Pump(down)), shared }
    }

    /// A connection that leads nowhere.
    pub(crate) fn silent(client: TcpStream, board: Arc<Board>) -> Self {
        let shared = Arc::new(Shared::new(board, true));
        shared.count_once(Fault::Blackhole);
        let (client_read, client_write) = client.into_split();
        let up = Pump::start(Direction::Up, client_read, None, &shared);
        Self { up, down: Some(Down::Silent(client_write)), shared }
    }

    pub(crate) fn is_finished(&self) -> bool {
        let is_down_finished = match &self.down {
            None => true,
            Some(Down::Pump(pump)) => pump.task.is_finished(),
            Some(Down::Silent(_)) => false,
        };
        is_down_finished && self.up.task.is_finished()
    }

    /// From here on nothing passes.
    pub(crate) fn silence(&self) {
        self.shared.is_silent.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.shared.is_silent.load(Ordering::SeqCst)
    }

    /// Ends the stream towards the client only.
    pub(crate) async fn half_close(&mut self) {
        if let Some(Down::Pump(pump)) = self.down.take() {
            // Dropping the half that writes sends FIN.
            drop(pump.stop().await);
            self.shared.board.hit(Fault::HalfClose);
        }
    }

    /// Ends both sides with RST, unless they have ended.
    pub(crate) async fn reset(self) {
        let Self { up, down, .. } = self;
        let mut client_write = None;
        let mut upstream_read = None;
        match down {
            Some(Down::Pump(pump)) => {
                if let Some((read, write)) = pump.stop().await {
                    (upstream_read, client_write) = (Some(read), write);
                }
            }
            Some(Down::Silent(write)) => client_write = Some(write),
            None => {}
        }
        let Some((client_read, upstream_write)) = up.stop().await else { return };
        if let Some(client) = client_write.and_then(|write| client_read.reunite(write).ok()) {
            reset(client);
        }
        if let (Some(read), Some(write)) = (upstream_read, upstream_write)
            && let Ok(upstream) = read.reunite(write)
        {
            reset(upstream);
        }
    }
}

/// Closes with RST instead of FIN.
pub(crate) fn reset(stream: TcpStream) {
    // An error means that the peer was faster.
    let _ = stream.set_zero_linger();
    drop(stream);
}

impl Shared {
    const fn new(board: Arc<Board>, is_silent: bool) -> Self {
        Self { board, is_silent: AtomicBool::new(is_silent), has_hit: AtomicBool::new(false) }
    }

    fn count_once(&self, fault: Fault) {
        if !self.has_hit.swap(true, Ordering::SeqCst) {
            self.board.hit(fault);
        }
    }
}

impl Pump {
    fn start(
        direction: Direction,
        mut read: OwnedReadHalf,
        mut write: Option<OwnedWriteHalf>,
        shared: &Arc<Shared>,
    ) -> Self {
        let stop = Arc::new(Notify::new());
        let (stopped, shared) = (Arc::clone(&stop), Arc::clone(shared));
        let task = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stopped.notified() => {}
                // An end with an error shows to the peers when the sockets are dropped.
                _ = pump(direction, &mut read, write.as_mut(), &shared) => {}
            }
            (read, write)
        });
        Self { stop, task }
    }

    /// Ends the task and has its sockets.
    async fn stop(mut self) -> Option<(OwnedReadHalf, Option<OwnedWriteHalf>)> {
        self.stop.notify_one();
        (&mut self.task).await.ok()
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pump(
    direction: Direction,
    read: &mut OwnedReadHalf,
    mut write: Option<&mut OwnedWriteHalf>,
    shared: &Shared,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut budget = Budget::default();
    loop {
        let count = read.read(&mut buffer).await?;
        let (fault, setting) = shared.board.fault();
        if shared.is_silent.load(Ordering::SeqCst) {
            shared.count_once(Fault::Blackhole);
            if count == 0 {
                // Not even the end arrives.
                std::future::pending::<()>().await;
            }
            continue;
        }
        let Some(write) = write.as_mut() else { return Ok(()) };
        if count == 0 {
            return write.shutdown().await;
        }
        delay(direction, fault, &shared.board).await;
        let allowed = match (direction, fault) {
            (Direction::Down, Fault::Truncate { after }) => budget.take(after, setting, count),
            _ => count,
        };
        write.write_all(&buffer[..allowed]).await?;
        if allowed < count {
            shared.board.hit(fault);
            return write.shutdown().await;
        }
    }
}

/// What a connection may still tell its client.
#[derive(Debug, Default)]
struct Budget {
    setting: u64,
    used: usize,
}

impl Budget {
    fn take(&mut self, after: usize, setting: u64, wanted: usize) -> usize {
        if self.setting != setting {
            *self = Self { setting, used: 0 };
        }
        let allowed = wanted.min(after.saturating_sub(self.used));
        self.used += allowed;
        allowed
    }
}

#[expect(clippy::disallowed_methods, reason = "the latency of a slow line is real time")]
async fn delay(direction: Direction, fault: Fault, board: &Board) {
    let Fault::Latency { towards_upstream, towards_client } = fault else { return };
    let delay: Duration = match direction {
        Direction::Up => towards_upstream,
        Direction::Down => towards_client,
    };
    if !delay.is_zero() {
        board.hit(fault);
        tokio::time::sleep(delay).await;
    }
}
