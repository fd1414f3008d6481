//! Callbacks and the inbox: what a batch says that was said before, and one row with a verdict each.
//!
//! A message is known by (tenant, system, message id), and by its content: the same bytes about the
//! same request are the same message, whatever id the sender gave them. Only final verdicts dedupe.

use std::collections::BTreeMap;

use fault_points::SeededBug;
use jiff::{SignedDuration, Timestamp};
use order_domain::ids::{FulfillmentStepId, RequestId};
use order_domain::tenant::TenantId;
use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{OutcomeVerdict, StepOutcome, StepSubject, kept_answer};
use crate::change_set::{ChangeSet, InboxRow, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::Tx;

/// How long an unmatched callback waits before it is matched again: the submit answer may be late.
pub(crate) const MATCH_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// One row per callback of the batch. An orphan is final too, but proves nothing about its content.
pub(crate) const KNOWN_MESSAGES: &str = r"
    select k.position,
           exists (select from inbox_message i
                   where i.tenant_id = k.tenant_id and i.system = k.system and i.message_id = k.message_id
                     and (i.verdict <> 'UNMATCHED' or i.next_match_at is null)) as is_known_message,
           exists (select from inbox_message i
                   where i.tenant_id = k.tenant_id and i.system = k.system and i.request_id = k.request_id
                     and i.digest = k.digest and i.verdict in ('APPLIED', 'DUPLICATE', 'LATE', 'CONTRADICTORY')
                  ) as is_known_content,
           a.message_id as applied_message_id, a.digest as applied_digest, a.received_at as applied_received_at
    from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[]) with ordinality
        as k(tenant_id, system, message_id, request_id, digest, position)
    left join lateral (
        select i.message_id, i.digest, i.received_at
        from inbox_message i
        where i.tenant_id = k.tenant_id and i.system = k.system and i.request_id = k.request_id
          and i.verdict = 'APPLIED'
        order by i.applied_at desc
        limit 1) a on true
    order by k.position";

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

impl CallbackReceipt {
    /// What a case shows of the message: enough to find it, and nothing of its body.
    pub(super) fn evidence(&self) -> Value {
        evidence(&self.message_id, &self.digest, self.received_at)
    }
}

fn evidence(message_id: &str, digest: &str, received_at: Timestamp) -> Value {
    json!({ "messageId": message_id, "digest": digest, "receivedAt": received_at })
}

/// Whether an item of the batch was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is to be recorded.
    New,
    /// This very message has a final verdict.
    KnownMessage,
    /// Its content has, under another id.
    KnownContent,
    /// The message at this place of the batch is the same.
    Repeats { first: usize, is_same_message: bool },
}

type Request = (TenantId, String, RequestId);

/// What the inbox knows about a batch.
#[derive(Debug, Default)]
pub(super) struct Known {
    standings: BTreeMap<usize, Standing>,
    /// The last message that was applied, by request.
    applied: BTreeMap<Request, Value>,
}

impl Known {
    /// Whether the item is to be recorded; what is no callback always is.
    pub(super) fn is_new(&self, index: usize) -> bool {
        self.standings.get(&index).is_none_or(|x| *x == Standing::New)
    }

    /// The last message that moved the item's step, as evidence.
    pub(super) fn applied_before(&self, item: &StepOutcome) -> Option<&Value> {
        self.applied.get(&request_of(item)?)
    }

    /// Remembers that the item moved its step.
    pub(super) fn note_applied(&mut self, item: &StepOutcome) {
        if let (Some(request), StepSubject::Callback(receipt)) = (request_of(item), &item.subject) {
            self.applied.insert(request, receipt.evidence());
        }
    }

    fn read(batch: &[StepOutcome], indexes: &[usize], rows: &[Row]) -> Result<Self, StoreError> {
        let mut known = Self::default();
        let (mut ids, mut contents) = (BTreeMap::new(), BTreeMap::new());
        for (index, row) in indexes.iter().copied().zip(rows) {
            let StepSubject::Callback(receipt) = &batch[index].subject else { continue };
            let Some(request) = request_of(&batch[index]) else { continue };
            let r = Reader::new("inbox_message", row);
            if let Some(id) = r.get::<Option<String>>("applied_message_id")? {
                let digest: String = r.get("applied_digest")?;
                let message = evidence(&id, &digest, r.get("applied_received_at")?);
                known.applied.insert(request.clone(), message);
            }
            let id = (request.0.clone(), request.1.clone(), receipt.message_id.clone());
            let content = (request, receipt.digest.clone());
            let standing = if r.get("is_known_message")? {
                Standing::KnownMessage
            } else if let Some(first) = ids.get(&id) {
                Standing::Repeats { first: *first, is_same_message: true }
            } else if r.get("is_known_content")? {
                Standing::KnownContent
            } else if let Some(first) = contents.get(&content) {
                Standing::Repeats { first: *first, is_same_message: false }
            } else {
                Standing::New
            };
            ids.entry(id).or_insert(index);
            contents.entry(content).or_insert(index);
            known.standings.insert(index, standing);
        }
        Ok(known)
    }
}

fn request_of(item: &StepOutcome) -> Option<Request> {
    let StepSubject::Callback(receipt) = &item.subject else { return None };
    Some((item.tenant.clone(), receipt.system.clone(), item.request_id))
}

/// Looks the batch's messages up, in the flush that loads the orders.
pub(super) async fn find_known(tx: &Tx, batch: &[StepOutcome]) -> Result<Known, StoreError> {
    let (mut tenants, mut systems, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let (mut requests, mut digests, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
    for (index, item) in batch.iter().enumerate() {
        if let StepSubject::Callback(receipt) = &item.subject {
            tenants.push(item.tenant.as_str());
            systems.push(receipt.system.as_str());
            ids.push(receipt.message_id.as_str());
            requests.push(item.request_id.as_uuid());
            digests.push(receipt.digest.as_str());
            indexes.push(index);
        }
    }
    if ids.is_empty() || SeededBug::NoInboxDedupe.is_present() {
        return Ok(Known::default());
    }
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&systems as _, Type::TEXT_ARRAY),
        (&ids as _, Type::TEXT_ARRAY),
        (&requests as _, Type::UUID_ARRAY),
        (&digests as _, Type::TEXT_ARRAY),
    ];
    let rows = tx.rows("known_messages", KNOWN_MESSAGES, &params).await?;
    Known::read(batch, &indexes, &rows)
}

/// What recording one item came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recorded {
    pub(super) verdict: OutcomeVerdict,
    pub(super) step_id: Option<FulfillmentStepId>,
}

impl Recorded {
    pub(super) const NOTHING: Self = Self { verdict: OutcomeVerdict::Unmatched, step_id: None };
}

/// One inbox row per message, and the verdicts of those that were said before.
pub(super) fn keep_receipts(
    set: &mut ChangeSet,
    ctx: &CommandContext,
    batch: &[StepOutcome],
    (recorded, known): (&mut [Recorded], &Known),
) {
    for (index, item) in batch.iter().enumerate() {
        let StepSubject::Callback(receipt) = &item.subject else { continue };
        let standing = known.standings.get(&index).copied().unwrap_or(Standing::New);
        match standing {
            Standing::New => {}
            Standing::KnownMessage | Standing::KnownContent => {
                recorded[index].verdict = OutcomeVerdict::Duplicate;
            }
            // While the first still waits for its step, nothing final was said that it repeats.
            Standing::Repeats { first, .. } => {
                recorded[index] = match recorded[first].verdict {
                    OutcomeVerdict::Unmatched => recorded[first],
                    _ => Recorded { verdict: OutcomeVerdict::Duplicate, ..recorded[first] },
                };
            }
        }
        let has_a_row = matches!(
            standing,
            Standing::KnownMessage | Standing::Repeats { is_same_message: true, .. }
        );
        if !has_a_row {
            set.push(Part::Inbox, &row(ctx, item, receipt, recorded[index]));
        }
    }
}

fn row(
    ctx: &CommandContext,
    item: &StepOutcome,
    receipt: &CallbackReceipt,
    recorded: Recorded,
) -> InboxRow {
    let is_unmatched = recorded.verdict == OutcomeVerdict::Unmatched;
    InboxRow {
        tenant_id: item.tenant.to_string(),
        system: receipt.system.clone(),
        message_id: receipt.message_id.clone(),
        digest: receipt.digest.clone(),
        verdict: text_of(recorded.verdict),
        detail: None,
        request_id: Some(item.request_id.as_uuid()),
        external_reference: receipt.external_reference.clone(),
        fulfillment_step_id: recorded.step_id.map(|x: FulfillmentStepId| -> Uuid { x.as_uuid() }),
        next_match_at: is_unmatched
            .then(|| ctx.now.checked_add(MATCH_AGAIN_AFTER).unwrap_or(Timestamp::MAX)),
        answer: if is_unmatched { kept_answer::to_json(&item.answer) } else { None },
        received_at: receipt.received_at,
        applied_at: ctx.now,
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
