//! The simulator as a process; `README.md` says what it plays.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use simulator::{CALLBACKS_IN_FLIGHT, Options, Simulator};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Plays the external systems of the local stack.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 picks a free one and logs it.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder of the journal: requests, effects, quotes, settings.
    #[arg(long)]
    state_dir: PathBuf,
    /// JSON object from secret id to value, read again when it changes.
    #[arg(long)]
    secrets_file: PathBuf,
    /// Callbacks on their way at the same time; a receiver may start a process for each.
    #[arg(long, default_value_t = CALLBACKS_IN_FLIGHT)]
    callbacks_in_flight: NonZeroUsize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let Arguments { listen, state_dir, secrets_file, callbacks_in_flight } = Arguments::parse();
    let options = Options { listen, state_dir, secrets_file, callbacks_in_flight };
    let simulator = Simulator::start(options).await?;
    tracing::info!(address = %simulator.address(), "simulator listens");

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    simulator.stop().await;
    Ok(())
}
