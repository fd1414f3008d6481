//! One command at work on a stack: locked, swept, and cleaned up however it ends.

use std::fmt;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::progress::Progress;
use crate::stack::{Phase, StackLayout, StackLock, StackState, stop_all, sweep};

/// The command was interrupted by Ctrl-C or asked to end; its stack has been stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted, nothing is left running")
    }
}

impl std::error::Error for Interrupted {}

/// The exclusive right to start and stop the processes of a stack.
#[derive(Debug)]
pub struct Session {
    pub layout: StackLayout,
    pub progress: Progress,
    _lock: StackLock,
}

impl Session {
    /// Locks the stack and removes what a command left that was killed.
    ///
    /// # Errors
    /// Another command works on the stack, or its left-overs cannot be removed.
    pub async fn open(stack: &str, command: &str) -> Result<Self> {
        let layout = StackLayout::open(stack)?;
        let progress = Progress::new();
        let lock = StackLock::acquire(&layout, command)?;
        if sweep(&layout).await? {
            progress.say("✓ swept what an earlier command left running");
        }
        Ok(Self { layout, progress, _lock: lock })
    }

    /// Runs `work`; if it fails or is interrupted, whatever was started for it is stopped.
    ///
    /// A stack that ran on its own before (`Phase::Detached`) is left alone, unless `work` takes
    /// it over with [`Session::attach`].
    ///
    /// # Errors
    /// Those of `work`, and [`Interrupted`].
    pub async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut signals = Signals::listen()?;
        let result = tokio::select! {
            result = work => result,
            () = signals.any() => Err(Interrupted.into()),
        };
        // `work` is dropped here, and with it the tools it was waiting for.
        if result.is_err() && StackState::load(&self.layout)?.phase == Phase::Attached {
            stop_all(&self.layout).await.context("cleaning up")?;
        }
        result
    }

    /// From now on this command answers for the stack.
    ///
    /// # Errors
    /// `stack.json` cannot be written.
    pub fn attach(&self) -> Result<()> {
        self.set_phase(Phase::Attached)
    }

    /// Leaves the stack running on its own.
    ///
    /// # Errors
    /// `stack.json` cannot be written.
    pub fn detach(&self) -> Result<()> {
        self.set_phase(Phase::Detached)
    }

    fn set_phase(&self, phase: Phase) -> Result<()> {
        StackState::update(&self.layout, |state| {
            state.phase = phase;
            state.boot_id = crate::process::boot_id();
            Ok(())
        })
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
