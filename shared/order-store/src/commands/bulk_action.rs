//! Bulk actions: prepared and moved by people, advanced by their worker (§20).
//!
//! A bulk action changes no order. What it does to a case is [`act_on_case()`](super::act_on_case()),
//! under a key of its own per case; here are the list, the status and the results.

mod advance;
mod movement;
mod person;
mod prepare;
mod row;

pub use advance::{AdvanceOutcome, advance_bulk_action};
pub use person::{BulkMoved, MoveBulkAction, move_bulk_action};
pub use prepare::{BulkPrepared, PrepareBulkAction, prepare_bulk_action};
pub(crate) use row::{COUNT_ITEMS, LOCK_BULK};

use order_domain::bulk::BulkRefusal;
use serde::{Deserialize, Serialize};

use crate::audit::AuditOutcome;
use crate::change_set::ChangeSet;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{Written, keep_answer, write_once};
use crate::tenant_chain::TenantChain;
use crate::tx::TenantTx;

/// What a person's request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum BulkOutcome<T> {
    /// Done, now or before with the same key.
    Done(T),
    /// A business "no"; audited, and kept under the key.
    Refused(BulkRefusal),
    /// The key was used with another request.
    KeyReused,
    /// The tenant has no such bulk action.
    NotFound,
    /// Another request with the same key was faster: repeat.
    Busy,
}

/// An answer as it is kept under its key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Stored<T> {
    Done(T),
    Refused(String),
}

impl<T> From<Stored<T>> for BulkOutcome<T> {
    fn from(stored: Stored<T>) -> Self {
        match stored {
            Stored::Done(done) => Self::Done(done),
            Stored::Refused(code) => BulkRefusal::find(&code).map_or(Self::Busy, Self::Refused),
        }
    }
}

/// Audits what a person's request came to, keeps the answer under the key, and writes all of it.
async fn conclude<T: Serialize>(
    tenant_tx: TenantTx,
    (ctx, command, fingerprint): (&CommandContext, &'static str, &str),
    (mut set, chain): (ChangeSet, TenantChain),
    answer: Result<T, BulkRefusal>,
) -> Result<BulkOutcome<T>, StoreError> {
    let (answer, audited) = match answer {
        Ok(done) => (Stored::Done(done), AuditOutcome::Applied),
        Err(refusal) => {
            let code = refusal.code().to_owned();
            (Stored::Refused(code.clone()), AuditOutcome::Refused(code))
        }
    };
    chain.push(&mut set, ctx, command, &audited);
    let tenant = tenant_tx.tenant.to_string();
    keep_answer(&mut set, tenant, (ctx, command, fingerprint), &answer)?;
    Ok(match write_once(set, tenant_tx.tx, command).await? {
        Written::Now => answer.into(),
        Written::SomebodyWasFaster => BulkOutcome::Busy,
    })
}
