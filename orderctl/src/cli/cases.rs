//! `orderctl cases …`.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use uuid::Uuid;

use super::{CaseAction, OrderName};

const LIST_EXAMPLES: &str = "\
Examples:
  orderctl cases list --owner-group fulfillment-operations --overdue
  orderctl cases list --severity CRITICAL --all -o json";

const ACT_EXAMPLES: &str = "\
Every action needs a reason, is audited, and answers what it did. --preview answers what it would
do. The case is acted on in the version that was read last: if somebody changed it meanwhile, nothing
happens and the exit code is 5.

Examples:
  orderctl cases act ORDER CASE retry-step --reason SYSTEM_REPAIRED --preview
  orderctl cases act ORDER CASE retry-step --reason SYSTEM_REPAIRED
  orderctl cases act ORDER CASE skip-step --reason DONE_BY_FIELD_SERVICE --output circuitId=C-7
  orderctl cases act ORDER CASE settle-outcome --finding EXECUTED --reason CHECKED_AT_SYSTEM \\
      --external-reference X-1 --evidence \"order X-1 is shown as done\"";

/// What can be done with cases.
#[derive(Debug, Subcommand)]
pub enum CasesCommand {
    /// List cases, the first due first; open ones unless --status says otherwise.
    #[command(after_long_help = LIST_EXAMPLES)]
    List(ListCases),
    /// Show one case with its evidence and what can be done about it.
    Show(CaseReference),
    /// List the ways in which orders fail, each with its numbers of orders and open cases.
    Signatures(ListSignatures),
    /// Decide a case.
    #[command(after_long_help = ACT_EXAMPLES)]
    Act {
        /// Which case.
        #[command(flatten)]
        case: CaseReference,
        /// What is decided.
        #[command(subcommand)]
        action: Box<CaseAction>,
    },
}

/// Which case.
#[derive(Debug, Clone, Args)]
pub struct CaseReference {
    /// Id or number of the order.
    pub order: OrderName,
    /// Id of the case.
    pub case: Uuid,
}

/// Which cases to list.
#[derive(Debug, Args)]
pub struct ListCases {
    /// Which of them.
    #[command(flatten)]
    pub filter: CaseFilter,
    /// At most so many; with --all: so many per request [default: 50].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: Option<u16>,
    /// Every case that fits, page after page.
    #[arg(long)]
    pub all: bool,
}

/// Which cases are meant: listed, or acted on together.
#[derive(Debug, Args)]
pub struct CaseFilter {
    /// Only cases of this group.
    #[arg(long, value_name = "GROUP")]
    pub owner_group: Option<String>,
    /// Only cases that this person works on.
    #[arg(long, value_name = "USER")]
    pub owner_user: Option<String>,
    /// Only cases with this reason.
    #[arg(long, value_name = "CODE")]
    pub reason_code: Option<String>,
    /// Only cases that failed in this way, as `cases signatures` lists them.
    #[arg(long, value_name = "SIGNATURE", visible_alias = "signature")]
    pub failure_signature: Option<String>,
    /// Only cases of this severity.
    #[arg(long, ignore_case = true)]
    pub severity: Option<Severity>,
    /// Only cases past their due time.
    #[arg(long)]
    pub overdue: bool,
    /// Only cases about this system.
    #[arg(long, value_name = "SYSTEM")]
    pub target_system: Option<String>,
    /// Only cases with this status, for example OPEN or WAITING_FOR_INFORMATION.
    #[arg(long)]
    pub status: Option<String>,
}

impl CaseFilter {
    /// What was asked for, as the API names it.
    #[must_use]
    pub fn conditions(&self) -> Vec<(&'static str, Value)> {
        let text = |value: &Option<String>| value.clone().map(Value::from);
        [
            ("ownerGroup", text(&self.owner_group)),
            ("ownerUser", text(&self.owner_user)),
            ("reasonCode", text(&self.reason_code)),
            ("failureSignature", text(&self.failure_signature)),
            ("severity", self.severity.map(|x| x.as_str().into())),
            ("overdue", self.overdue.then_some(Value::Bool(true))),
            ("targetSystem", text(&self.target_system)),
            ("status", self.status.as_deref().map(|x| x.to_ascii_uppercase().into())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

impl ListCases {
    /// The filters as the API names them.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let conditions = self.filter.conditions().into_iter().map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        });
        conditions.chain(self.limit.map(|x| ("limit", x.to_string()))).collect()
    }
}

/// Which ways to fail to list.
#[derive(Debug, Args)]
pub struct ListSignatures {
    /// Only failures at this system.
    #[arg(long, value_name = "SYSTEM")]
    pub target_system: Option<String>,
    /// At most so many [default: 50].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: Option<u16>,
}

impl ListSignatures {
    /// The filters as the API names them.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        [("targetSystem", self.target_system.clone()), ("limit", self.limit.map(|x| x.to_string()))]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// How urgent a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// Blocks nothing.
    Minor,
    /// Blocks one order.
    Major,
    /// Blocks and may have effects that nobody knows of.
    Critical,
}

impl Severity {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
