//! Semantic actions on fallout cases: asked for over HTTP, decided by the domain (§20 §21).
//!
//! Safe to run twice: an answer, refused ones too, is kept under the caller's `Idempotency-Key`.
//! A preview is the same request with `?preview=true`; it needs no key and no version.

use external_systems::digest::of_json;
use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use lambda_support::caller::Caller;
use lambda_support::idempotency_key::{self, IdempotencyKey};
use lambda_support::problem::{Problem, ProblemCode};
use order_domain::characteristic::Characteristics;
use order_domain::fallout::{ActionRefusal, FalloutAction, OutcomeFinding, Severity};
use order_domain::ids::{FalloutCaseId, OrderId, OrderLineId};
use order_store::commands::{
    ActOnCase, ActOutcome, ActionInput, ActionReport, RefusedAction, act_on_case,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::handler::{Deps, begin, context_of};
use crate::preconditions::{preview, version_of};
use crate::problem::{check_name, check_note, check_reason_code, not_found};

/// What a token must be issued for to act on cases.
pub(crate) const SCOPE: &str = "orders:write";

/// The body of an action: why, and what the action needs besides.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ActionRequest {
    reason_code: String,
    note: Option<String>,
    outputs: Option<Characteristics>,
    target_system: Option<String>,
    #[serde(default)]
    requested_information: Vec<String>,
    information: Option<Characteristics>,
    order_line_id: Option<OrderLineId>,
    assigned_group: Option<String>,
    assigned_user: Option<String>,
    severity: Option<Severity>,
    finding: Option<OutcomeFinding>,
    external_reference: Option<String>,
    evidence: Option<String>,
}

impl ActionRequest {
    fn check(&self) -> Result<(), Problem> {
        // Who gives no reason at all is refused by the domain, so that the attempt is audited.
        if !self.reason_code.trim().is_empty() {
            check_reason_code(&self.reason_code)?;
        }
        check_note(self.note.as_deref())?;
        for (pointer, name) in [
            ("/assignedGroup", &self.assigned_group),
            ("/assignedUser", &self.assigned_user),
            ("/targetSystem", &self.target_system),
        ] {
            check_name(pointer, name.as_deref())?;
        }
        Ok(())
    }

    fn into_input(self) -> ActionInput {
        ActionInput {
            outputs: self.outputs,
            target_system: self.target_system,
            requested_information: self.requested_information,
            information: self.information,
            order_line_id: self.order_line_id,
            assigned_group: self.assigned_group,
            assigned_user: self.assigned_user,
            severity: self.severity,
            finding: self.finding,
            external_reference: self.external_reference,
            evidence: self.evidence,
        }
    }
}

/// The answer to an action, with where to go from here.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActionDocument {
    #[serde(flatten)]
    report: ActionReport,
    links: ActionLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct ActionLinks {
    order: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallout_case: Option<String>,
    explain: String,
}

impl ActionDocument {
    fn new(order: OrderId, report: ActionReport) -> Self {
        let case = report.case.map(|x| x.fallout_case_id);
        let links = ActionLinks {
            order: format!("/orders/{order}"),
            fallout_case: case.map(|case| format!("/orders/{order}/fallout-cases/{case}")),
            explain: format!("/orders/{order}/explain"),
        };
        Self { report, links }
    }

    /// The tag is the version that the next action needs: the case's, or the order's without one.
    pub(crate) fn tag(&self) -> Option<(http::HeaderName, HeaderValue)> {
        let version = self.report.case.map_or(self.report.order_version, |x| x.case_version);
        let tag = HeaderValue::from_str(&format!("\"{version}\"")).ok()?;
        Some((ETAG, tag))
    }
}

/// How an action is asked for, besides its body.
#[derive(Debug)]
pub(crate) struct Asked {
    is_preview: bool,
    key: Option<IdempotencyKey>,
    expected_version: Option<i64>,
}

impl Asked {
    /// Reads parameters and headers: an action needs a key and a version, a preview neither.
    pub(crate) fn parse(
        parameters: &[(String, String)],
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let is_preview = preview(parameters)?;
        if is_preview {
            // What is sent without need is still read: a typo would be found out too late.
            if headers.contains_key(idempotency_key::HEADER) {
                IdempotencyKey::from_headers(headers)?;
            }
            let version = headers.contains_key(IF_MATCH).then(|| version_of(headers));
            return Ok(Self { is_preview, key: None, expected_version: version.transpose()? });
        }
        let key = Some(IdempotencyKey::from_headers(headers)?);
        Ok(Self { is_preview, key, expected_version: Some(version_of(headers)?) })
    }
}

/// Which action on which case, or on the order itself.
pub(crate) type Target = (OrderId, Option<FalloutCaseId>, FalloutAction);

/// The path as what it names; what cannot be an action is none, and an action on a case is none on
/// an order.
pub(crate) fn target((order, case, action): (&str, Option<&str>, &str)) -> Result<Target, Problem> {
    let action: FalloutAction = action.parse().map_err(|_unknown| not_found())?;
    let order = order.parse().map_err(|_no_id| not_found())?;
    match case {
        Some(case) => Ok((order, Some(case.parse().map_err(|_no_id| not_found())?), action)),
        None if action.is_about_the_order() => Ok((order, None, action)),
        None => Err(not_found()),
    }
}

/// Does it, keeps it for approval, or tells what it would do.
pub(crate) async fn act(
    deps: &Deps,
    caller: &Caller,
    (order_id, case_id, action): Target,
    (asked, body): (Asked, ActionRequest),
) -> Result<ActionDocument, Problem> {
    body.check()?;
    let (reason_code, note) = (body.reason_code.clone(), body.note.clone());
    let input = body.into_input();
    let content = json!({ "by": caller.subject, "orderId": order_id, "caseId": case_id, "action": action,
        "reasonCode": reason_code, "note": note, "version": asked.expected_version,
        "input": serde_json::to_value(&input).unwrap_or_default() });
    let request = ActOnCase {
        order_id,
        case_id,
        action,
        expected_version: asked.expected_version,
        reason_code,
        note,
        input,
        fingerprint: of_json(&content),
        is_preview: asked.is_preview,
        bulk_action_id: None,
    };
    let ctx = context_of(caller, asked.key.as_ref());
    let tx = begin(deps, caller).await?;
    match act_on_case(tx, &ctx, &request).await.map_err(|error| Problem::of_store(&error))? {
        ActOutcome::Done(report) => Ok(ActionDocument::new(order_id, *report)),
        ActOutcome::Refused(refused) => Err(problem_of(&refused)),
        ActOutcome::KeyReused => Err(Problem::new(ProblemCode::IdempotencyKeyReused)),
        ActOutcome::NotFound => Err(not_found()),
        ActOutcome::Busy => Err(Problem::unavailable()),
    }
}

/// A refusal as a problem: the sentence for people, the places for forms.
fn problem_of(refused: &RefusedAction) -> Problem {
    let Ok(refusal) = refused.refusal() else {
        tracing::error!("a kept refusal has a code that this version does not know");
        return Problem::internal();
    };
    let title = "The action is refused.";
    let problem = Problem::business(status_of(refusal), refusal.code(), title)
        .with_detail(refusal.to_string());
    let places = refused.problems.iter();
    places.fold(problem, |problem, (pointer, detail)| problem.with_error(pointer, detail))
}

pub(crate) const fn status_of(refusal: ActionRefusal) -> StatusCode {
    use ActionRefusal as R;
    match refusal {
        R::RoleNotAllowed | R::ApproverMustDiffer => StatusCode::FORBIDDEN,
        R::VersionConflict => StatusCode::PRECONDITION_FAILED,
        R::ReasonRequired
        | R::TargetSystemUnknown
        | R::TargetSystemIncapable
        | R::InformationInvalid
        | R::DependentNeedsOutput => StatusCode::UNPROCESSABLE_ENTITY,
        R::ActionNotAllowedInStatus
        | R::ActionNotApplicable
        | R::OrderIsTerminal
        | R::StepInFlight
        | R::StepOutcomeUnknown
        | R::StepOutcomeKnown
        | R::StepIsSettled
        | R::StepAlreadyDue
        | R::StepIsHeld
        | R::StepNotHeld
        | R::StepNotReplaceable
        | R::StepNotRejected
        | R::OutcomeCannotBeAsked
        | R::PlanFrozen
        | R::LineHasStepsInFlight
        | R::LineNotWaivable
        | R::StepsInFlight
        | R::CancellationNotAvailable => StatusCode::CONFLICT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(parameters: &[(&str, &str)], headers: &[(&str, &str)]) -> Result<Asked, Problem> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters: Vec<_> = parameters.iter().map(owned).collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        Asked::parse(&parameters, &map)
    }

    #[test]
    fn an_action_needs_a_key_and_a_version_and_a_preview_needs_neither() {
        let key = ("idempotency-key", "k-1");

        assert!(asked(&[("preview", "true")], &[]).unwrap().is_preview);
        let code = |result: Result<Asked, Problem>| result.expect_err("refused").code();
        assert_eq!(code(asked(&[], &[])), "IDEMPOTENCY_KEY_MISSING");
        assert_eq!(code(asked(&[], &[key])), "PRECONDITION_REQUIRED");
        let versioned = asked(&[], &[key, ("if-match", "\"7\"")]).unwrap();
        assert_eq!(versioned.expected_version, Some(7));
    }

    #[test]
    fn a_preview_reads_what_it_does_not_need() {
        let preview = [("preview", "true")];
        let code = |headers: &[_]| asked(&preview, headers).expect_err("refused").code();

        assert_eq!(asked(&preview, &[("if-match", "\"7\"")]).unwrap().expected_version, Some(7));
        assert_eq!(code(&[("if-match", "{}")]), "PARAMETER_INVALID");
        assert_eq!(code(&[("idempotency-key", "a b")]), "IDEMPOTENCY_KEY_MALFORMED");
    }

    #[test]
    fn what_is_no_version_or_no_parameter_is_refused_by_name() {
        let key = ("idempotency-key", "k-1");
        for tag in ["7", "W/\"7\"", "*", "\"x\"", "\"1\", \"2\""] {
            let problem = asked(&[], &[key, ("if-match", tag)]).expect_err("no version");
            assert_eq!(problem.errors()[0].pointer, "If-Match", "{tag}");
        }
        for parameters in [&[("preview", "yes")][..], &[("dry", "true")]] {
            let problem = asked(parameters, &[]).expect_err("not understandable");
            assert_eq!(problem.code(), "PARAMETER_INVALID");
        }
    }
}
