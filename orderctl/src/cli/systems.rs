//! `orderctl systems …`.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::actions::{Key, Why};
use crate::duration::Span;

const HOLD_EXAMPLES: &str = "\
Examples:
  orderctl systems hold PROVISIONING --reason MAINTENANCE --for 2h
  orderctl systems hold PROVISIONING --reason MAINTENANCE --until 2026-03-02T06:00:00Z";

const RELEASE_EXAMPLES: &str = "\
Examples:
  orderctl systems release PROVISIONING --reason MAINTENANCE_DONE
  orderctl systems release PROVISIONING --reason MAINTENANCE_DONE --rate 10";

/// What can be done with target systems.
#[derive(Debug, Subcommand)]
pub enum SystemsCommand {
    /// List target systems: which are sent nothing, why, and how many steps wait.
    List,
    /// Send nothing to a system for a while; its steps wait and use up no attempt.
    ///
    /// The hold ends by itself, with one step that tries the system. Of two holds the later end
    /// wins. What was sent already goes on.
    #[command(after_long_help = HOLD_EXAMPLES)]
    Hold(HoldArguments),
    /// Send what waits for a system, one step after the other.
    ///
    /// Also for a system that its failures put out of service. What is sent cannot be recalled.
    #[command(after_long_help = RELEASE_EXAMPLES)]
    Release(ReleaseArguments),
}

/// Which system, and why.
#[derive(Debug, Args)]
pub struct SystemDecision {
    /// Name of the system, as `systems list` shows it.
    pub system: String,
    /// Why.
    #[command(flatten)]
    pub why: Why,
    /// The key of the command.
    #[command(flatten)]
    pub key: Key,
}

/// `hold`.
#[derive(Debug, Args)]
pub struct HoldArguments {
    /// Which system, and why.
    #[command(flatten)]
    pub decision: SystemDecision,
    /// For so long, for example 45m or 2h; at most 7 days.
    #[arg(long = "for", value_name = "DURATION", required_unless_present = "until")]
    pub duration: Option<Span>,
    /// Until then, for example 2026-03-02T06:00:00Z.
    #[arg(long, value_name = "TIME", conflicts_with = "duration")]
    pub until: Option<Timestamp>,
}

/// `release`.
#[derive(Debug, Args)]
pub struct ReleaseArguments {
    /// Which system, and why.
    #[command(flatten)]
    pub decision: SystemDecision,
    /// So many steps in a minute [default: 60].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=6000))]
    pub rate: Option<u32>,
}
