//! `orderctl catalog …`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::actions::idempotency_key;

const SHOW_EXAMPLES: &str = "\
Examples:
  orderctl catalog show
  orderctl catalog show --document > catalogue.json      edit it, raise its version, then:
  orderctl catalog diff catalogue.json";

const APPLY_EXAMPLES: &str = "\
What the document changes is shown first. On a terminal you are asked before anything is written;
elsewhere nothing is written without --yes. The document follows the catalogue that it was compared
with: if somebody applied another one meanwhile, nothing happens and the exit code is 5.

Examples:
  orderctl catalog apply catalogue.json
  orderctl catalog apply catalogue.json --if-match 3 --yes";

/// What can be done with the catalogue.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// List the versions of the catalogue, newest first.
    List(ListCatalogues),
    /// Show what a version says: its products and what can be done with each.
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show(ShowCatalogue),
    /// Say what a document would change, and what would refuse it; writes nothing.
    ///
    /// Exit code 0 if it could be applied, 3 if a problem was found.
    Diff {
        /// The document, as catalog/schema/catalogue.schema.json describes it.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make a document the current catalogue, after showing what it changes.
    #[command(after_long_help = APPLY_EXAMPLES)]
    Apply(ApplyCatalogue),
}

/// How many versions to list.
#[derive(Debug, Args)]
pub struct ListCatalogues {
    /// At most so many; with --all: so many per request [default: 50].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: Option<u16>,
    /// Every version, page after page.
    #[arg(long)]
    pub all: bool,
}

/// Which version to show.
#[derive(Debug, Args)]
pub struct ShowCatalogue {
    /// The version [default: the current one].
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub version: Option<u32>,
    /// Only the document, as JSON, ready to be edited and applied.
    #[arg(long)]
    pub document: bool,
}

/// What to apply, and what it follows.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("seen").args(["if_match", "first"]))]
pub struct ApplyCatalogue {
    /// The document, as catalog/schema/catalogue.schema.json describes it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write without asking.
    #[arg(long)]
    pub yes: bool,
    /// The current version that you decided on [default: the one that is compared with now].
    #[arg(long, value_name = "VERSION")]
    pub if_match: Option<u64>,
    /// It is the tenant's first catalogue; there is none that it follows.
    #[arg(long)]
    pub first: bool,
    /// Repeats an earlier command as it was: nothing is shown or asked, and it is done once.
    #[arg(long, value_name = "KEY", value_parser = idempotency_key, requires = "seen")]
    pub idempotency_key: Option<String>,
}
