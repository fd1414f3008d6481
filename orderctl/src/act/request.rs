//! From a command of the command line to the body that the API takes.

use serde_json::{Map, Value, json};

use crate::cli::{CaseAction, Decision, Finding, OrderAction, Pair, Severity, Why};

/// One action as it is sent.
#[derive(Debug)]
pub(crate) struct ActionRequest {
    /// The last part of the path.
    pub(crate) action: &'static str,
    /// Who repeats, who previews, and which version is meant.
    pub(crate) decision: Decision,
    /// The body.
    pub(crate) body: Value,
}

impl ActionRequest {
    fn new(action: &'static str, decision: Decision, fields: Value) -> Self {
        Self { action, body: body(&decision.why, fields), decision }
    }
}

/// The fields with the reason for them.
pub(crate) fn body(why: &Why, fields: Value) -> Value {
    let mut body = Map::new();
    body.insert("reasonCode".to_owned(), json!(why.reason));
    body.insert("note".to_owned(), json!(why.note));
    if let Value::Object(fields) = fields {
        body.extend(fields);
    }
    // What was not said is not sent, because null would be something else.
    body.retain(|_, value| !value.is_null());
    body.into()
}

impl From<CaseAction> for ActionRequest {
    fn from(action: CaseAction) -> Self {
        let plain = |action, decision| Self::new(action, decision, Value::Null);
        match action {
            CaseAction::RetryStep(x) => plain("retry-step", x.decision),
            CaseAction::SkipStep(x) => {
                let outputs = (!x.outputs.is_empty()).then(|| object(x.outputs));
                Self::new("skip-step", x.decision, json!({"outputs": outputs}))
            }
            CaseAction::ReplaceTarget(x) => {
                Self::new("replace-target", x.decision, json!({"targetSystem": x.target_system}))
            }
            CaseAction::RequestMoreInfo(x) => {
                Self::new("request-more-info", x.decision, json!({"requestedInformation": x.ask}))
            }
            CaseAction::ProvideInfo(x) => {
                let fields = json!({"information": object(x.info), "orderLineId": x.line});
                Self::new("provide-info", x.decision, fields)
            }
            CaseAction::WaiveLine(x) => {
                Self::new("waive-line", x.decision, json!({"orderLineId": x.line}))
            }
            CaseAction::DeferBilling(x) => plain("defer-billing", x.decision),
            CaseAction::Escalate(x) => {
                let severity = x.severity.map(Severity::as_str);
                Self::new("escalate", x.decision, json!({"severity": severity}))
            }
            CaseAction::Assign(x) => {
                let fields = json!({"assignedGroup": x.group, "assignedUser": x.user});
                Self::new("assign", x.decision, fields)
            }
            CaseAction::AddNote(x) => plain("add-note", x.decision),
            CaseAction::Approve(x) => plain("approve", x.decision),
            CaseAction::Reject(x) => plain("reject", x.decision),
            CaseAction::FailOrder(x) => plain("fail-order", x.decision),
            CaseAction::Revalidate(x) => plain("revalidate", x.decision),
            CaseAction::OverrideReadiness(x) => plain("override-readiness", x.decision),
            CaseAction::RetryDecomposition(x) => plain("retry-decomposition", x.decision),
            CaseAction::RetryBilling(x) => plain("retry-billing", x.decision),
            CaseAction::RetryCompletion(x) => plain("retry-completion", x.decision),
            CaseAction::ReleaseStep(x) => plain("release-step", x.decision),
            CaseAction::SettleOutcome(x) => {
                let fields = json!({
                    "finding": finding(x.finding),
                    "externalReference": x.external_reference,
                    "evidence": x.evidence,
                    "outputs": (!x.outputs.is_empty()).then(|| object(x.outputs)),
                });
                Self::new("settle-outcome", x.decision, fields)
            }
        }
    }
}

impl From<OrderAction> for ActionRequest {
    fn from(action: OrderAction) -> Self {
        match action {
            OrderAction::FailOrder(x) => Self::new("fail-order", x.decision, Value::Null),
        }
    }
}

fn object(pairs: Vec<Pair>) -> Value {
    pairs.into_iter().map(|pair| (pair.name, pair.value)).collect::<Map<_, _>>().into()
}

const fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Executed => "EXECUTED",
        Finding::NotExecuted => "NOT_EXECUTED",
        Finding::DoneOutside => "DONE_OUTSIDE",
    }
}
