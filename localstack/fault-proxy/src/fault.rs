//! What can be broken, and how often it was.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the proxy does to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Every chunk waits before it is passed on.
    Latency {
        /// From the client to the server.
        towards_upstream: Duration,
        /// From the server to the client.
        towards_client: Duration,
    },
    /// Connections end with RST, on both sides.
    Reset(Connections),
    /// Bytes are swallowed both ways and nothing ends; new connections have no upstream at all.
    Blackhole,
    /// The client sees the end of the stream; what it sends still arrives.
    HalfClose,
    /// The client sees the end of the stream after so many bytes, if there are more.
    Truncate {
        /// Bytes towards the client, per connection, counted from when the fault was set.
        after: usize,
    },
    /// Nobody listens; established connections are left alone.
    Refuse,
}

/// Which connections are reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// Those that come.
    New,
    /// Those that are there, once.
    Established,
    /// Both.
    All,
}

impl Connections {
    pub(crate) const fn has_new(self) -> bool {
        matches!(self, Self::New | Self::All)
    }

    pub(crate) const fn has_established(self) -> bool {
        matches!(self, Self::Established | Self::All)
    }
}

/// How often each fault struck; the README says what counts as one. Refusals are the kernel's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    /// Chunks that waited.
    pub latency: u64,
    /// Connections that were reset by [`Fault::Reset`].
    pub reset: u64,
    /// Connections that were silenced.
    pub blackhole: u64,
    /// Connections that were half closed.
    pub half_close: u64,
    /// Connections that were cut.
    pub truncate: u64,
}

/// The fault in force and the counters, as the tasks of all connections see them.
#[derive(Debug)]
pub(crate) struct Board {
    /// With the number of its setting, so that a fault that is set again begins anew.
    fault: Mutex<(Fault, u64)>,
    latency: AtomicU64,
    reset: AtomicU64,
    blackhole: AtomicU64,
    half_close: AtomicU64,
    truncate: AtomicU64,
}

impl Board {
    pub(crate) const fn new() -> Self {
        Self {
            fault: Mutex::new((Fault::None, 0)),
            latency: AtomicU64::new(0),
            reset: AtomicU64::new(0),
            blackhole: AtomicU64::new(0),
            half_close: AtomicU64::new(0),
            truncate: AtomicU64::new(0),
        }
    }

    pub(crate) fn fault(&self) -> (Fault, u64) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, fault: Fault) {
        let mut current = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        *current = (fault, current.1 + 1);
    }

    /// Counts one hit of a fault.
    pub(crate) fn hit(&self, fault: Fault) {
        let counter = match fault {
            Fault::None | Fault::Refuse => return,
            Fault::Latency { .. } => &self.latency,
            Fault::Reset(_) => &self.reset,
            Fault::Blackhole => &self.blackhole,
            Fault::HalfClose => &self.half_close,
            Fault::Truncate { .. } => &self.truncate,
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn hits(&self) -> Hits {
        Hits {
            latency: self.latency.load(Ordering::SeqCst),
            reset: self.reset.load(Ordering::SeqCst),
            blackhole: self.blackhole.load(Ordering::SeqCst),
            half_close: self.half_close.load(Ordering::SeqCst),
            truncate: self.truncate.load(Ordering::SeqCst),
        }
    }
}
