//! What people ask for: a selection with an action, and a command on what was prepared.

use external_systems::digest::of_json;
use jiff::Timestamp;
use lambda_support::list_parameters::{code, text};
use lambda_support::problem::Problem;
use order_domain::bulk::{BulkCommand, MAX_CANARY};
use order_domain::fallout::{CaseStatus, FalloutAction, Severity};
use order_domain::ids::BulkActionId;
use order_store::commands::{ActionInput, MoveBulkAction, PrepareBulkAction};
use order_store::read_model::CaseFilter;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::problem::{check_name, check_note, check_reason_code, misfit};

const CANARY: u32 = 5;
const RATE: u32 = 60;
const MAX_RATE: u32 = 6_000;
const FAILURES: u32 = 20;
const MAX_FAILURES: u32 = 10_000;

/// Which open cases: the filters of `GET /fallout-cases`, one at least.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Selection {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<CaseStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overdue: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_system: Option<String>,
}

impl Selection {
    /// The filter, if every value can be one and there is a value.
    fn filter(&self, now: Timestamp) -> Result<CaseFilter, Problem> {
        for (pointer, value) in [
            ("/selection/ownerGroup", &self.owner_group),
            ("/selection/ownerUser", &self.owner_user),
            ("/selection/reasonCode", &self.reason_code),
            ("/selection/failureSignature", &self.failure_signature),
        ] {
            if value.as_ref().is_some_and(|x| text(pointer, x).is_err()) {
                return Err(misfit(pointer, "1 to 200 characters"));
            }
        }
        if self.target_system.as_ref().is_some_and(|x| code("targetSystem", x).is_err()) {
            return Err(misfit("/selection/targetSystem", "capitals, digits and underscores"));
        }
        if matches!(self.status, Some(CaseStatus::Resolved | CaseStatus::Cancelled)) {
            return Err(misfit("/selection/status", "only open cases can be acted on"));
        }
        if self.overdue == Some(false) {
            return Err(misfit("/selection/overdue", "true, or leave it out"));
        }
        if serde_json::to_value(self).is_ok_and(|x| x == json!({})) {
            return Err(misfit("/selection", "at least one condition"));
        }
        Ok(CaseFilter {
            status: self.status,
            owner_group: self.owner_group.clone(),
            owner_user: self.owner_user.clone(),
            reason_code: self.reason_code.clone(),
            failure_signature: self.failure_signature.clone(),
            severity: self.severity,
            is_overdue: self.overdue == Some(true),
            target_system: self.target_system.clone(),
            now,
            after: None,
            limit: 0,
        })
    }
}

/// The body of `POST /bulk-actions`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PrepareRequest {
    action: FalloutAction,
    selection: Selection,
    reason_code: String,
    note: Option<String>,
    target_system: Option<String>,
    assigned_group: Option<String>,
    assigned_user: Option<String>,
    severity: Option<Severity>,
    canary_size: Option<u32>,
    rate_per_minute: Option<u32>,
    pause_after_failures: Option<u32>,
}

impl PrepareRequest {
    /// The command, if every value can be one.
    pub(super) fn into_command(
        self,
        by: &str,
        now: Timestamp,
    ) -> Result<PrepareBulkAction, Problem> {
        check_reason_code(&self.reason_code)?;
        check_note(self.note.as_deref())?;
        for (pointer, name) in [
            ("/targetSystem", &self.target_system),
            ("/assignedGroup", &self.assigned_group),
            ("/assignedUser", &self.assigned_user),
        ] {
            check_name(pointer, name.as_deref())?;
        }
        let canary_size = number("/canarySize", self.canary_size, (CANARY, MAX_CANARY))?;
        let rate_per_minute = number("/ratePerMinute", self.rate_per_minute, (RATE, MAX_RATE))?;
        let failures = (FAILURES, MAX_FAILURES);
        let pause_after_failures =
            number("/pauseAfterFailures", self.pause_after_failures, failures)?;
        let filter = self.selection.filter(now)?;
        let selection = serde_json::to_value(&self.selection).unwrap_or_default();
        let input = ActionInput {
            target_system: self.target_system,
            assigned_group: self.assigned_group,
            assigned_user: self.assigned_user,
            severity: self.severity,
            ..ActionInput::default()
        };
        let content = json!({ "by": by, "bulk": self.action, "selection": selection,
            "reasonCode": self.reason_code, "note": self.note, "canarySize": canary_size,
            "ratePerMinute": rate_per_minute, "pauseAfterFailures": pause_after_failures,
            "input": serde_json::to_value(&input).unwrap_or_default() });
        Ok(PrepareBulkAction {
            action: self.action,
            input,
            reason_code: self.reason_code,
            note: self.note,
            filter,
            selection,
            canary_size,
            rate_per_minute,
            pause_after_failures,
            fingerprint: of_json(&content),
        })
    }
}

fn number(pointer: &str, asked: Option<u32>, (usual, most): (u32, u32)) -> Result<u32, Problem> {
    let number = asked.unwrap_or(usual);
    match (1..=most).contains(&number) {
        true => Ok(number),
        false => Err(misfit(pointer, &format!("a whole number from 1 to {most}"))),
    }
}

/// The body of a command on a bulk action.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MoveRequest {
    reason_code: String,
    note: Option<String>,
}

impl MoveRequest {
    pub(super) fn into_command(
        self,
        by: &str,
        (bulk_action_id, command, expected_version): (BulkActionId, BulkCommand, i64),
    ) -> Result<MoveBulkAction, Problem> {
        check_reason_code(&self.reason_code)?;
        check_note(self.note.as_deref())?;
        let content = json!({ "by": by, "bulkActionId": bulk_action_id, "command": command,
            "version": expected_version, "reasonCode": self.reason_code, "note": self.note });
        Ok(MoveBulkAction {
            bulk_action_id,
            command,
            expected_version,
            reason_code: self.reason_code,
            note: self.note,
            fingerprint: of_json(&content),
        })
    }
}
