//! What an action is told beside its reason, and what it answers.

use order_domain::characteristic::Characteristics;
use order_domain::event::DomainEventType;
use order_domain::fallout::{ActionRefusal, CaseStatus, FalloutAction, OutcomeFinding, Severity};
use order_domain::ids::{BulkActionId, FalloutCaseId, OrderId, OrderLineId};
use order_domain::line::LineStatus;
use order_domain::money::Money;
use order_domain::order::OrderStatus;
use order_domain::step::StepStatus;
use order_domain::text_enum::UnknownText;
use serde::{Deserialize, Serialize};

/// The input of an action; each action reads what concerns it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ActionInput {
    /// `skip-step`, `settle-outcome`: results for what depends on the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Characteristics>,
    /// `replace-target`: who does it instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_system: Option<String>,
    /// `request-more-info`: what is wanted, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requested_information: Vec<String>,
    /// `provide-info`: the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub information: Option<Characteristics>,
    /// `waive-line`, `provide-info`: which line, where the case names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_line_id: Option<OrderLineId>,
    /// `assign`: to which group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_group: Option<String>,
    /// `assign`: to whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_user: Option<String>,
    /// `escalate`: how urgent it is; one step more than before where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// `settle-outcome`: what was found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<OutcomeFinding>,
    /// `settle-outcome`: the target system's id of the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
    /// `settle-outcome`: how that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl ActionInput {
    /// Pointers of what was given although the action does not read it: silently ignored, or worse,
    /// taken for something else, it would do what nobody asked for.
    pub(super) fn foreign_to(&self, action: FalloutAction) -> Vec<&'static str> {
        use FalloutAction as A;
        let is_settling = action == A::SettleOutcome;
        let fields = [
            ("/outputs", self.outputs.is_some(), is_settling || action == A::SkipStep),
            ("/targetSystem", self.target_system.is_some(), action == A::ReplaceTarget),
            (
                "/requestedInformation",
                !self.requested_information.is_empty(),
                action == A::RequestMoreInfo,
            ),
            ("/information", self.information.is_some(), action == A::ProvideInfo),
            (
                "/orderLineId",
                self.order_line_id.is_some(),
                matches!(action, A::WaiveLine | A::ProvideInfo),
            ),
            ("/assignedGroup", self.assigned_group.is_some(), action == A::Assign),
            ("/assignedUser", self.assigned_user.is_some(), action == A::Assign),
            ("/severity", self.severity.is_some(), action == A::Escalate),
            ("/finding", self.finding.is_some(), is_settling),
            ("/externalReference", self.external_reference.is_some(), is_settling),
            ("/evidence", self.evidence.is_some(), is_settling),
        ];
        fields.iter().filter(|(_, is_given, is_read)| *is_given && !is_read).map(|x| x.0).collect()
    }
}

/// An action that somebody asks for.
#[derive(Debug, Clone)]
pub struct ActOnCase {
    /// The order.
    pub order_id: OrderId,
    /// The case; `None` where the action is about the order as a whole.
    pub case_id: Option<FalloutCaseId>,
    /// What to do.
    pub action: FalloutAction,
    /// The version that the caller decided on, of the case, or of the order where no case is named;
    /// a preview needs none.
    pub expected_version: Option<i64>,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words; never logged.
    pub note: Option<String>,
    /// What the action needs besides.
    pub input: ActionInput,
    /// Digest of the request: the same key with another body is refused.
    pub fingerprint: String,
    /// Only tell what would happen.
    pub is_preview: bool,
    /// The bulk action that the case is one of.
    pub bulk_action_id: Option<BulkActionId>,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionVerdict {
    /// Done.
    Applied,
    /// Kept until a second person approves.
    AwaitingApproval,
    /// Nothing was written.
    Preview,
}

/// The answer to an action, as it is kept under the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionReport {
    /// What was asked for.
    pub action: FalloutAction,
    /// What became of it.
    pub verdict: ActionVerdict,
    /// A second person must agree before it is done.
    pub needs_approval: bool,
    /// The case afterwards; absent where the action is about the order as a whole.
    #[serde(flatten)]
    pub case: Option<CaseAfter>,
    /// The order's status afterwards.
    pub order_status: OrderStatus,
    /// The order's version afterwards.
    pub order_version: i64,
    /// What changes by it.
    pub effect: EffectReport,
}

/// A case after an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CaseAfter {
    /// The case.
    pub fallout_case_id: FalloutCaseId,
    /// Its status.
    pub case_status: CaseStatus,
    /// Its version.
    pub case_version: i64,
}

/// What an action changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EffectReport {
    /// Steps that change.
    pub steps: Vec<StepChange>,
    /// Lines that change.
    pub lines: Vec<LineChange>,
    /// What is billed otherwise.
    pub charges: Vec<ChargeChange>,
    /// Steps that run without the result of the one that is left out.
    pub runs_without_result: Vec<String>,
    /// Business facts that are recorded.
    pub events: Vec<DomainEventType>,
    /// What the engine and the executor are told.
    pub engine: Vec<String>,
    /// What cannot be taken back.
    pub cannot_undo: Vec<String>,
}

/// One step before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StepChange {
    /// Its key in the plan.
    pub step_key: String,
    /// Before.
    pub from: StepStatus,
    /// After.
    pub to: StepStatus,
    /// After; a new one means a new request id.
    pub generation: i32,
    /// Who does it, after.
    pub target_system: String,
}

/// One line before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LineChange {
    /// The line.
    pub order_line_id: OrderLineId,
    /// Position, from 1.
    pub line_number: i32,
    /// Before.
    pub from: LineStatus,
    /// After.
    pub to: LineStatus,
}

/// What a line costs and is not billed now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChargeChange {
    /// The line.
    pub order_line_id: OrderLineId,
    /// Price per month.
    pub recurring_price: Option<Money>,
    /// Price once.
    pub one_time_price: Option<Money>,
    /// Not at all, or later.
    pub change: ChargeEffect,
}

/// What becomes of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChargeEffect {
    /// The line is not billed.
    NotBilled,
    /// The line is billed later.
    Deferred,
}

/// A refused action, as it is kept under the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedAction {
    /// The stable code.
    pub code: String,
    /// Places in the input that are to blame: pointer and what is wrong.
    pub problems: Vec<(String, String)>,
}

impl RefusedAction {
    pub(super) fn new(refusal: ActionRefusal, problems: Vec<(String, String)>) -> Self {
        Self { code: refusal.code().to_owned(), problems }
    }

    /// The refusal of this code.
    ///
    /// # Errors
    /// A code that this version does not know.
    pub fn refusal(&self) -> Result<ActionRefusal, UnknownText> {
        ActionRefusal::find(&self.code)
            .ok_or_else(|| UnknownText { kind: "ActionRefusal", text: self.code.clone() })
    }
}

/// What asking for an action came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum ActOutcome {
    /// Done, kept for approval, or previewed.
    Done(Box<ActionReport>),
    /// A business "no"; audited unless it was a preview.
    Refused(RefusedAction),
    /// The key was used with another request.
    KeyReused,
    /// The tenant has no such order, or the order no such case.
    NotFound,
    /// Another request with the same key was faster: repeat.
    Busy,
}
