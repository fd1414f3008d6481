//! The semantic actions, each a command with help of its own.

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::{Pair, Severity};

/// What can be decided about a case.
#[derive(Debug, Subcommand)]
pub enum CaseAction {
    /// Have the failed step done again.
    ///
    /// After a definitive refusal the target system gets a new request; what it did with the old
    /// one stays as it is.
    RetryStep(Plain),
    /// Leave the step out, as if it were done; a mandatory one may need a second person.
    ///
    /// Nobody does the work. Steps behind it go on with the outputs given here, and what they then
    /// do cannot be undone by taking the skip back.
    SkipStep(SkipArguments),
    /// Have the failed step done by another target system.
    ///
    /// What the first system did, if anything, stays as it is: clear it there.
    ReplaceTarget(ReplaceArguments),
    /// Ask the customer or sales for what is missing; the case waits for it.
    ///
    /// The question cannot be called back once it has been sent.
    RequestMoreInfo(RequestArguments),
    /// Supply what was missing; the milestone or step is then tried again.
    ///
    /// The step is sent with what is supplied here; what is sent cannot be recalled.
    ProvideInfo(ProvideArguments),
    /// Let the order complete without a line.
    ///
    /// The line is never delivered by this order and cannot be taken up again; order it anew.
    WaiveLine(LineArguments),
    /// Let the order go on before its billing is settled.
    ///
    /// The process does not come back to it: somebody has to see to the billing later.
    DeferBilling(Plain),
    /// Hand the case to the next level, with a higher urgency.
    ///
    /// Who was told stays told; the case stays open.
    Escalate(EscalateArguments),
    /// Give the case to a group or a person.
    ///
    /// Changes nothing about the order, and can be changed again at any time.
    Assign(AssignArguments),
    /// Write something down on the case.
    ///
    /// Changes nothing else; a note can be neither changed nor removed.
    #[command(mut_arg("note", |note| note.required(true)))]
    AddNote(Plain),
    /// Approve what somebody else asked for; it happens at once.
    ///
    /// Cannot be taken back: what was asked for is done.
    Approve(Plain),
    /// Refuse what somebody else asked for; the case goes back to work.
    ///
    /// The request is gone; it would have to be made again.
    Reject(Plain),
    /// Give the order up.
    ///
    /// FAILED is final. What target systems have done so far stays as it is.
    FailOrder(Plain),
    /// Check the order's readiness again, after the sources were repaired.
    ///
    /// Harmless to repeat: if checks still fail, a case says which.
    Revalidate(Plain),
    /// Let the order go on although readiness checks failed, by authority.
    ///
    /// The checks are not made again; what is wrong in the sources stays wrong.
    OverrideReadiness(Plain),
    /// Decompose the order again, after the catalogue was corrected.
    ///
    /// Harmless to repeat: nothing is sent to anybody.
    RetryDecomposition(Plain),
    /// Ask again whether billing is settled.
    ///
    /// Harmless to repeat: it activates nothing by itself.
    RetryBilling(Plain),
    /// Ask again whether the order can complete.
    ///
    /// If it can, it does: COMPLETED is final, and the customer is told.
    RetryCompletion(Plain),
    /// Let a step that is held go on, once what held it is mended.
    ///
    /// The step is sent to its target system and cannot be recalled.
    ReleaseStep(Plain),
    /// Say what came out of a step whose outcome nobody knew, with evidence.
    ///
    /// A wrong finding has work done twice or not at all, and cannot be corrected here.
    SettleOutcome(OutcomeArguments),
}

/// What can be decided about an order that no case asks for.
#[derive(Debug, Subcommand)]
pub enum OrderAction {
    /// Give the order up.
    ///
    /// FAILED is final. What target systems have done so far stays as it is.
    FailOrder(Plain),
}

/// What every action needs.
#[derive(Debug, Clone, Args)]
pub struct Decision {
    /// Why it is done.
    #[command(flatten)]
    pub why: Why,
    /// Only say what would happen.
    #[arg(long)]
    pub preview: bool,
    /// What it is decided on, and how often.
    #[command(flatten)]
    pub once: Once,
}

/// Why something is decided.
#[derive(Debug, Clone, Args)]
pub struct Why {
    /// Why, as a code that your organisation agreed on; it is audited.
    #[arg(long, value_name = "CODE")]
    pub reason: String,
    /// Why, in your words; it is audited.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// What makes a decision hold for one version, once.
#[derive(Debug, Clone, Args)]
pub struct Once {
    /// The version that you decided on [default: the one that is read now].
    #[arg(long, value_name = "VERSION")]
    pub if_match: Option<u64>,
    /// The key of the command.
    #[command(flatten)]
    pub key: Key,
}

/// What makes a repeated command the same command.
#[derive(Debug, Clone, Args)]
pub struct Key {
    /// Repeats an earlier command: the same key is acted on once [default: a new key].
    #[arg(long, alias = "key", value_name = "KEY", value_parser = idempotency_key)]
    pub idempotency_key: Option<String>,
}

/// An action that needs nothing else.
#[derive(Debug, Args)]
pub struct Plain {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
}

/// `skip-step`.
#[derive(Debug, Args)]
pub struct SkipArguments {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
    /// What the step would have given to those behind it; name:=json for what is no text; may be
    /// repeated.
    #[arg(long = "output", value_name = "NAME=VALUE")]
    pub outputs: Vec<Pair>,
}

/// `replace-target`.
#[derive(Debug, Args)]
pub struct ReplaceArguments {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
    /// Who does the step instead.
    #[arg(long, value_name = "SYSTEM")]
    pub target_system: String,
}

/// `request-more-info`.
#[derive(Debug, Args)]
pub struct RequestArguments {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
    /// What is missing; may be repeated.
    #[arg(long, value_name = "NAME", required = true)]
    pub ask: Vec<String>,
}

/// `provide-info`.
#[derive(Debug, Args)]
pub struct ProvideArguments {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
    /// What was missing; name:=json for what is no text; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", required = true)]
    pub info: Vec<Pair>,
    /// The line that it belongs to.
    #[arg(long, value_name = "LINE")]
    pub line: Option<Uuid>,
}

/// `waive-line` of a case.
#[derive(Debug, Args)]
pub struct LineArguments {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
    /// The line [default: the one that the case is about].
    #[arg(long, value_name = "LINE")]
    pub line: Option<Uuid>,
}

/// `assign`.
#[derive(Debug, Args)]
pub struct AssignArguments {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
    /// Whose case it becomes.
    #[arg(long, value_name = "GROUP", required_unless_present = "user")]
    pub group: Option<String>,
    /// Who works on it.
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
}

/// `escalate`.
#[derive(Debug, Args)]
pub struct EscalateArguments {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
    /// How urgent it is now [default: one step more than before].
    #[arg(long, ignore_case = true)]
    pub severity: Option<Severity>,
}

/// `settle-outcome`.
#[derive(Debug, Args)]
pub struct OutcomeArguments {
    /// What every action needs.
    #[command(flatten)]
    pub decision: Decision,
    /// What you found out.
    #[arg(long, ignore_case = true)]
    pub finding: Finding,
    /// The target system's key of the work.
    #[arg(long, value_name = "REFERENCE")]
    pub external_reference: Option<String>,
    /// How you know; it is audited.
    #[arg(long, value_name = "TEXT")]
    pub evidence: String,
    /// What the step has given to those behind it; name:=json for what is no text; may be repeated.
    #[arg(long = "output", value_name = "NAME=VALUE")]
    pub outputs: Vec<Pair>,
}

/// What came out of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Finding {
    /// The target system did the work.
    Executed,
    /// The target system did nothing.
    NotExecuted,
    /// The work was done, but not by this system.
    DoneOutside,
}

/// As the API takes it in quotes: 1 to 200 visible characters.
pub(super) fn idempotency_key(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    let is_valid = (1..=200).contains(&text.len()) && text.bytes().all(is_plain);
    is_valid.then(|| text.to_owned()).ok_or_else(|| "1 to 200 visible ASCII characters".to_owned())
}
