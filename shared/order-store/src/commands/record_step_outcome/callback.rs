//! Callbacks and the inbox: dedupe by (tenant, system, message id), one row with a verdict for each.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use order_domain::tenant::TenantId;
use tokio_postgres::types::Type;

use super::{OutcomeVerdict, StepOutcome, StepSubject};
use crate::change_set::{ChangeSet, InboxRow, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::Tx;

/// How long an unmatched callback waits before it is matched again: the submit answer may be late.
const MATCH_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(30);

pub(crate) const KNOWN_MESSAGES: &str = r"
    select i.tenant_id, i.system, i.message_id
    from unnest($1::text[], $2::text[], $3::text[]) as k(tenant_id, system, message_id)
    join inbox_message i
      on i.tenant_id = k.tenant_id and i.system = k.system and i.message_id = k.message_id
    where i.verdict <> 'UNMATCHED'  -- only final verdicts dedupe";

/// An authenticated callback, as the inbox keeps it.
#[derive(Debug, Clone)]
pub struct CallbackReceipt {
    /// The system whose secret signed it.
    pub system: String,
    /// The sender's id of the message.
    pub message_id: String,
    /// SHA-256 of the body, hexadecimal.
    pub digest: String,
    /// The reference that it names.
    pub external_reference: Option<String>,
    /// When the edge received it.
    pub received_at: Timestamp,
}

type MessageKey = (TenantId, String, String);

/// Messages that have a final verdict already.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeSet<MessageKey>);

impl Known {
    pub(super) fn is_known(&self, tenant: &TenantId, receipt: &CallbackReceipt) -> bool {
        self.0.contains(&(tenant.clone(), receipt.system.clone(), receipt.message_id.clone()))
    }
}

/// Looks the batch's messages up, in the flush that loads the orders.
pub(super) async fn find_known(tx: &Tx, batch: &[StepOutcome]) -> Result<Known, StoreError> {
    let (mut tenants, mut systems, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for item in batch {
        if let StepSubject::Callback(receipt) = &item.subject {
            tenants.push(item.tenant.as_str());
            systems.push(receipt.system.as_str());
            ids.push(receipt.message_id.as_str());
        }
    }
    if ids.is_empty() {
        return Ok(Known::default());
    }
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&systems as _, Type::TEXT_ARRAY),
        (&ids as _, Type::TEXT_ARRAY),
    ];
    let rows = tx.rows("known_messages", KNOWN_MESSAGES, &params).await?;
    let read = |row| {
        let r = Reader::new("inbox_message", row);
        Ok((r.parse("tenant_id")?, r.get("system")?, r.get("message_id")?))
    };
    Ok(Known(rows.iter().map(read).collect::<Result<_, StoreError>>()?))
}

/// One inbox row per callback; the second of two equal messages in a batch is the duplicate.
pub(super) fn keep_receipts(
    set: &mut ChangeSet,
    ctx: &CommandContext,
    batch: &[StepOutcome],
    (verdicts, known): (&mut [OutcomeVerdict], &Known),
) {
    let mut seen = BTreeSet::new();
    for (item, verdict) in batch.iter().zip(verdicts) {
        let StepSubject::Callback(receipt) = &item.subject else { continue };
        let key = (item.tenant.clone(), receipt.system.clone(), receipt.message_id.clone());
        if known.0.contains(&key) || !seen.insert(key) {
            *verdict = OutcomeVerdict::Duplicate;
            continue;
        }
        let is_unmatched = *verdict == OutcomeVerdict::Unmatched;
        let row = InboxRow {
            tenant_id: item.tenant.to_string(),
            system: receipt.system.clone(),
            message_id: receipt.message_id.clone(),
            digest: receipt.digest.clone(),
            verdict: text_of(*verdict),
            detail: None,
            request_id: Some(item.request_id.as_uuid()),
            external_reference: receipt.external_reference.clone(),
            fulfillment_step_id: None,
            next_match_at: is_unmatched
                .then(|| ctx.now.checked_add(MATCH_AGAIN_AFTER).unwrap_or(Timestamp::MAX)),
            received_at: receipt.received_at,
            applied_at: ctx.now,
        };
        set.push(Part::Inbox, &row);
    }
}

const fn text_of(verdict: OutcomeVerdict) -> &'static str {
    match verdict {
        OutcomeVerdict::Applied(_) => "APPLIED",
        OutcomeVerdict::LeaseLost | OutcomeVerdict::Late => "LATE",
        OutcomeVerdict::Contradictory => "CONTRADICTORY",
        OutcomeVerdict::Duplicate => "DUPLICATE",
        OutcomeVerdict::Unmatched => "UNMATCHED",
    }
}
