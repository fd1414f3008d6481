//! `orderctl bulk …`.

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::{CaseFilter, Key, Once, Severity, Why};
use crate::duration::Span;

const EXAMPLES: &str = "\
The usual way, with two people:
  orderctl cases signatures                                what fails in the same way
  orderctl bulk prepare retry-step --signature SIGNATURE --reason SYSTEM_MENDED
  orderctl bulk start ID --reason DRY_RUN_IS_FINE          the first few
  orderctl bulk watch ID
  orderctl bulk approve ID --reason CANARY_IS_FINE         another person: all others
  orderctl bulk items ID --status FAILED_AGAIN             what is left to do by hand";

/// The usual line would name each condition.
const PREPARE_USAGE: &str = "\
orderctl bulk prepare [OPTIONS] --reason <CODE> <CONDITION>... <ACTION>";

const PREPARE_EXAMPLES: &str = "\
What is selected now is what it is about; cases that come later are not in it. The dry run says for
each case what would happen, or why it is left out:
  RESEND       the target system is sent the request
  ADOPT        the target system is asked first; what was done is adopted
  CHANGE       nothing is sent; the case or the process goes on
  CANNOT_TELL  nobody can find out; a person settles it

Exit codes: 0 there is something to start; 7 nothing is left to do; 8 no dry run in time, look again
with `bulk show`.

Examples:
  orderctl bulk prepare retry-step --signature LOGISTICS/ship-router/NO_STOCK \\
      --reason SYSTEM_MENDED --canary 5 --rate 60 --pause-after 20
  orderctl bulk prepare replace-target --to-system BACKUP --target-system LOGISTICS --reason OUTAGE
  orderctl bulk prepare assign --assign-user olga --owner-group order-operations --overdue \\
      --reason SHIFT_CHANGE";

const MOVE_EXAMPLES: &str = "\
It is decided on what is read now, and the status that was read is printed; if it goes on in between,
nothing happens and the exit code is 5.

Examples:
  orderctl bulk start ID --reason DRY_RUN_IS_FINE
  orderctl bulk approve ID --reason CANARY_IS_FINE --note \"five of five are resolved\"
  orderctl bulk pause ID --reason SYSTEM_IS_SLOW
  orderctl bulk resume ID --reason SYSTEM_IS_FINE
  orderctl bulk abort ID --reason WRONG_SELECTION";

const WATCH_EXAMPLES: &str = "\
Exit codes: 0 COMPLETED, and whatever was begun succeeded; 7 it ended otherwise: aborted, or with
cases that failed, have no result yet, or were all left out; 8 not there in time; 9 it waits for a
person.

Examples:
  orderctl bulk watch ID
  orderctl bulk watch ID --timeout 3h -o json      one JSON object per line and change";

const ITEMS_EXAMPLES: &str = "\
Examples:
  orderctl bulk items ID --status FAILED_AGAIN
  orderctl bulk items ID --all -o json | jq -r '.items[].orderId'";

/// What can be done about many cases at once.
#[derive(Debug, Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub enum BulkCommand {
    /// Select open cases for one action, and say for each what would happen.
    ///
    /// Nothing is done yet: reads the dry run, prints it, and says how to go on.
    #[command(after_long_help = PREPARE_EXAMPLES)]
    #[command(mut_arg("note", |note| note.required_if_eq("action", "add-note")))]
    #[command(mut_group("CaseFilter", |filter| filter.required(true)))]
    #[command(override_usage = PREPARE_USAGE)]
    Prepare(Box<PrepareBulk>),
    /// List bulk actions, newest first.
    List(ListBulk),
    /// Show one bulk action: what the dry run said, where its cases are, and who moved it.
    Show(BulkReference),
    /// List the cases of a bulk action in the order of their turn, each with its result.
    #[command(after_long_help = ITEMS_EXAMPLES)]
    Items(ListItems),
    /// Try it on the first few.
    ///
    /// What is sent to target systems cannot be recalled.
    #[command(after_long_help = MOVE_EXAMPLES)]
    Start(MoveBulk),
    /// Let the others go; a supervisor who did not prepare it.
    ///
    /// What is sent to target systems cannot be recalled.
    #[command(after_long_help = MOVE_EXAMPLES)]
    Approve(MoveBulk),
    /// Begin nothing more for now; what was begun gets its result.
    #[command(after_long_help = MOVE_EXAMPLES)]
    Pause(MoveBulk),
    /// Go on where it was paused.
    #[command(after_long_help = MOVE_EXAMPLES)]
    Resume(MoveBulk),
    /// Begin nothing more at all; what was begun gets its result.
    ///
    /// Final: the cases that are left have to be selected anew.
    #[command(after_long_help = MOVE_EXAMPLES)]
    Abort(MoveBulk),
    /// Follow it until it is over, or waits for a person.
    #[command(after_long_help = WATCH_EXAMPLES)]
    Watch(WatchBulk),
}

/// Which bulk action.
#[derive(Debug, Clone, Args)]
pub struct BulkReference {
    /// Id of the bulk action.
    #[arg(value_name = "ID")]
    pub bulk_action: Uuid,
}

/// One action on the cases that fit.
#[derive(Debug, Args)]
pub struct PrepareBulk {
    /// What to do to each of them.
    pub action: BulkCaseAction,
    /// Why it is done.
    #[command(flatten)]
    pub why: Why,
    /// The key of the command.
    #[command(flatten)]
    pub key: Key,
    /// Which cases.
    #[command(
        flatten,
        next_help_heading = "Which open cases: one condition at least, all must fit"
    )]
    pub filter: CaseFilter,
    /// What some actions need.
    #[command(flatten, next_help_heading = "What the action needs")]
    pub input: BulkInput,
    /// How fast it goes.
    #[command(flatten, next_help_heading = "How carefully")]
    pub pace: Pace,
}

/// What some actions need.
#[derive(Debug, Args)]
pub struct BulkInput {
    /// replace-target: who does the steps instead.
    #[arg(long, value_name = "SYSTEM")]
    pub to_system: Option<String>,
    /// assign: whose cases they become.
    #[arg(long, value_name = "GROUP")]
    pub assign_group: Option<String>,
    /// assign: who works on them.
    #[arg(long, value_name = "USER")]
    pub assign_user: Option<String>,
    /// escalate: how urgent they are now [default: each one step more than before].
    #[arg(long, value_name = "SEVERITY", ignore_case = true)]
    pub to_severity: Option<Severity>,
}

/// How fast it goes, and when it stops by itself.
#[derive(Debug, Args)]
pub struct Pace {
    /// How many are tried first, at most 25 [default: 5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub canary: Option<u32>,
    /// How many a minute, of each target system [default: 60].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// After how many failures it pauses [default: 20].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pause_after: Option<u32>,
}

/// What can be done to many cases: what states nothing about a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BulkCaseAction {
    /// Have the failed steps done again.
    RetryStep,
    /// Have the failed steps done by another target system.
    ReplaceTarget,
    /// Let steps that are held go on.
    ReleaseStep,
    /// Check the orders' readiness again.
    Revalidate,
    /// Decompose the orders again.
    RetryDecomposition,
    /// Ask again whether billing is settled.
    RetryBilling,
    /// Ask again whether the orders can complete.
    RetryCompletion,
    /// Hand the cases to the next level.
    Escalate,
    /// Give the cases to a group or a person.
    Assign,
    /// Write the note on each case.
    AddNote,
}

impl BulkCaseAction {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Which bulk actions to list.
#[derive(Debug, Args)]
pub struct ListBulk {
    /// How many.
    #[command(flatten)]
    pub pages: Pages,
}

/// Which cases of a bulk action to list.
#[derive(Debug, Args)]
pub struct ListItems {
    /// Which bulk action.
    #[command(flatten)]
    pub bulk: BulkReference,
    /// Only cases with this status.
    #[arg(long, ignore_case = true)]
    pub status: Option<BulkItemStatus>,
    /// How many.
    #[command(flatten)]
    pub pages: Pages,
}

/// How much of a list.
#[derive(Debug, Args)]
pub struct Pages {
    /// At most so many; with --all: so many per request [default: 50].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: Option<u16>,
    /// Everything, page after page.
    #[arg(long)]
    pub all: bool,
}

/// Where one case of a bulk action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BulkItemStatus {
    /// Not looked at yet.
    Selected,
    /// Left out by the dry run.
    Excluded,
    /// Waits for its turn.
    Pending,
    /// Begun, and without a result.
    Running,
    /// Done; it sets nothing in motion.
    Done,
    /// What was set in motion succeeded.
    Resolved,
    /// What was set in motion failed.
    FailedAgain,
    /// Refused when its turn came.
    Refused,
    /// No result in the time that is waited for one.
    StillRunning,
    /// Given up before its turn came.
    Skipped,
}

impl BulkItemStatus {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// A decision about a bulk action.
#[derive(Debug, Args)]
pub struct MoveBulk {
    /// Which bulk action.
    #[command(flatten)]
    pub bulk: BulkReference,
    /// Why it is done.
    #[command(flatten)]
    pub why: Why,
    /// What it is decided on, and how often.
    #[command(flatten)]
    pub once: Once,
}

/// Which bulk action to follow.
#[derive(Debug, Args)]
pub struct WatchBulk {
    /// Which bulk action.
    #[command(flatten)]
    pub bulk: BulkReference,
    /// How often to look.
    #[arg(long, value_name = "DURATION", default_value = "2s")]
    pub every: Span,
}
