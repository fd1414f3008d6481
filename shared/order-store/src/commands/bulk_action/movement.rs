//! What a change of status writes, whoever moves it.

use jiff::{SignedDuration, Timestamp};
use order_domain::bulk::{BulkStatus, PauseReason};
use serde_json::json;

use super::row::BulkRow;
use crate::change_set::{BulkItems, BulkUpdate, ChangeSet, Part};
use crate::context::CommandContext;

/// The first few have this long for a result; then a person decides on what there is.
const CANARY_PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// Whoever waits for a person ends after this: the cases are others by then.
const WAITS_FOR_A_PERSON: SignedDuration = SignedDuration::from_hours(24);

/// Who moves it, what they call it, and why.
pub(super) struct Cause<'a> {
    pub(super) command: &'a str,
    pub(super) reason_code: &'a str,
    pub(super) note: Option<&'a str>,
    pub(super) pause_reason: PauseReason,
}

/// Pushes the new status with everything that belongs to it. Returns the new version.
pub(super) fn push_status(
    set: &mut ChangeSet,
    bulk: &BulkRow,
    (status, approved_by): (BulkStatus, Option<String>),
    (ctx, cause): (&CommandContext, &Cause<'_>),
) -> i64 {
    let from = bulk.facts.status;
    let in_time =
        |patience: SignedDuration| ctx.now.checked_add(patience).unwrap_or(Timestamp::MAX);
    // Whoever resumes or approves has seen what failed.
    let had_to_look = matches!(from, BulkStatus::Paused | BulkStatus::AwaitingApproval);
    let has_seen_failures = had_to_look && status.is_at_work();
    let row = BulkUpdate {
        tenant_id: bulk.tenant.to_string(),
        id: bulk.id.as_uuid(),
        status: status.as_str(),
        pause_reason: (status == BulkStatus::Paused).then_some(cause.pause_reason.as_str()),
        forgiven_failures: match has_seen_failures {
            true => bulk.facts.counts.failed(),
            false => bulk.facts.forgiven_failures,
        },
        approved_by,
        canary_due_at: match status {
            BulkStatus::Canary => Some(in_time(CANARY_PATIENCE)),
            _ => bulk.facts.canary_due_at,
        },
        expires_at: status.waits_for_a_person().then(|| in_time(WAITS_FOR_A_PERSON)),
        ended_at: status.is_over().then_some(ctx.now),
        journal: json!([{ "at": ctx.now, "by": ctx.actor.name, "command": cause.command,
            "reasonCode": cause.reason_code, "note": cause.note, "from": from, "to": status }]),
        version: bulk.version + 1,
    };
    set.push(Part::BulkUpdate, &row);
    let items = BulkItems {
        tenant_id: bulk.tenant.to_string(),
        id: bulk.id.as_uuid(),
        canary_size: bulk.canary_size,
    };
    match status {
        BulkStatus::Prepared => set.push(Part::MarkCanary, &items),
        BulkStatus::Aborting => set.push(Part::SkipBulkItems, &items),
        _ => {}
    }
    row.version
}
