//! What can be typed after `orderctl`.

mod actions;
mod bulk;
mod cases;
mod catalog;
mod order_name;
mod orders;
mod pairs;
mod systems;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use secrecy::SecretString;

pub use actions::{
    AssignArguments, CaseAction, Decision, EscalateArguments, Finding, Key, LineArguments, Once,
    OrderAction, OutcomeArguments, Plain, ProvideArguments, ReplaceArguments, RequestArguments,
    SkipArguments, Why,
};
pub use bulk::{
    BulkCaseAction, BulkCommand, BulkInput, BulkItemStatus, BulkReference, ListBulk, ListItems,
    MoveBulk, Pace, Pages, PrepareBulk, WatchBulk,
};
pub use cases::{CaseFilter, CaseReference, CasesCommand, ListCases, ListSignatures, Severity};
pub use catalog::{ApplyCatalogue, CatalogCommand, ListCatalogues, ShowCatalogue};
pub use order_name::OrderName;
pub use orders::{ListOrders, OrderReference, OrderStatus, OrdersCommand, WatchArguments};
pub use pairs::Pair;
pub use systems::{HoldArguments, ReleaseArguments, SystemDecision, SystemsCommand};

use crate::duration::Span;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  export ORDERCTL_API=https://orders.example.com/v1
  export ORDERCTL_TOKEN=\"$(cat token)\"

  orderctl orders list --status FALLOUT        which orders need somebody
  orderctl orders explain ORDER                why is it there, and what happens next
  orderctl cases list --overdue                what is late
  orderctl cases act ORDER CASE retry-step --reason SYSTEM_REPAIRED --preview
  orderctl bulk prepare retry-step --signature SIGNATURE --reason SYSTEM_REPAIRED
  orderctl orders watch ORDER --until COMPLETED --timeout 30m
  orderctl catalog diff catalogue.json         what would this catalogue change
  orderctl systems hold BILLING --reason MAINTENANCE --for 2h
  orderctl --explain UNKNOWN_OUTCOME           what does a code mean, and who acts";

/// The heading of what every command takes.
const GLOBAL: &str = "Global options";

/// Look at orders, understand them, and act on what needs a person.
///
/// Speaks to the public API only. stdout is data, stderr is messages and progress, and the exit
/// code says how it ended.
#[derive(Debug, Parser)]
#[command(name = "orderctl", version, after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
#[command(arg_required_else_help = true)]
pub struct Cli {
    /// Where the API is, and who is asking.
    #[command(flatten)]
    pub connection: Connection,
    /// Say what a code means, who acts and how; asks nobody.
    #[arg(long, value_name = "CODE")]
    pub explain: Option<String>,
    /// What is asked for.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Where the API is, who is asking, and how answers are shown.
#[derive(Debug, Clone, Default, Args)]
pub struct Connection {
    /// Base URL of the API.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "URL", env = "ORDERCTL_API", hide_env_values = true)]
    pub api: Option<String>,
    /// Bearer token; other processes see it on a command line, so prefer the variable or a file.
    #[arg(
        long,
        global = true, help_heading = GLOBAL,
        value_name = "TOKEN",
        env = "ORDERCTL_TOKEN",
        hide_env_values = true
    )]
    pub token: Option<SecretString>,
    /// File that holds the bearer token; it wins over --token.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// How answers are shown.
    #[arg(long, short = 'o', global = true, help_heading = GLOBAL, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Give up after so long, for example 45s or 10m [default: none; watch, prepare: 30m].
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DURATION")]
    pub timeout: Option<Span>,
    /// No colours, on terminals either.
    #[arg(
        long,
        global = true, help_heading = GLOBAL,
        env = "NO_COLOR",
        hide_env_values = true,
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub no_color: bool,
}

/// How answers are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: 100 columns, times relative to now.
    #[default]
    Table,
    /// For programs: the API's own documents, times absolute.
    Json,
}

/// The first word.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Orders: which there are, where one is, why, and what happens next.
    #[command(subcommand)]
    Orders(OrdersCommand),
    /// Fallout cases: business exceptions that a person decides.
    #[command(subcommand)]
    Cases(CasesCommand),
    /// Many cases at once: one action on all that fit, tried on a few first.
    #[command(subcommand)]
    Bulk(BulkCommand),
    /// The catalogue: what products mean, version by version.
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Target systems: which are sent nothing, since when and why.
    #[command(subcommand)]
    Systems(SystemsCommand),
    /// Print a script that completes commands and options in a shell.
    ///
    /// For bash: source <(orderctl completions bash). In fish the options of single actions are not
    /// completed.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[cfg(test)]
mod tests;
