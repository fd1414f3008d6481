//! The caller's `Idempotency-Key` at intake: claimed with a lease, finished with the order.

use fault_points::SeededBug;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio_postgres::types::Type;

use crate::audit::AuditOutcome;
use crate::change_set::{ChangeSet, IdempotencyFinish, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::INTAKE_SCOPE;
use crate::row::Reader;
use crate::tenant_chain::TenantChain;
use crate::tx::TenantTx;

/// A new key, or one whose holder's lease ran out, is ours; else the stored row says what it is.
/// Nothing comes back when somebody inserted it after this statement's snapshot.
pub(crate) const CLAIM_KEY: &str = r"
    with claimed as (
        insert into idempotency_record as r
            (tenant_id, scope, key, fingerprint, status, leased_until, lease_epoch, created_at)
        values ($1, $2, $3, $4, 'RUNNING', $6, 1, $5)
        on conflict (tenant_id, scope, key) do update
        set leased_until = excluded.leased_until, lease_epoch = r.lease_epoch + 1
        where r.status = 'RUNNING' and r.leased_until < $5 and r.fingerprint = excluded.fingerprint
        returning r.lease_epoch)
    select c.lease_epoch, 'CLAIMED' as status, $4 as fingerprint, null::integer as result_status, null::jsonb as result
    from claimed c
    union all
    select r.lease_epoch, r.status, r.fingerprint, r.result_status, r.result
    from idempotency_record r
    where r.tenant_id = $1 and r.scope = $2 and r.key = $3 and not exists (select from claimed)";

pub(crate) const RELEASE_KEY: &str = r"
    delete from idempotency_record r
    where r.tenant_id = $1 and r.scope = $2 and r.key = $3 and r.status = 'RUNNING'
      and r.lease_epoch = $4";

/// What the key says.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum KeyClaim {
    /// Ours: go on, and finish with this fencing number.
    Claimed {
        /// Fencing number of the claim.
        lease_epoch: i64,
    },
    /// The request was answered before: answer the same.
    Replay {
        /// The stored HTTP status.
        status: u16,
        /// The stored body.
        body: Value,
    },
    /// The key was used with another body.
    Reused,
    /// A request with this key is being worked on.
    Running,
}

/// Claims the key of `ctx` for a body with this fingerprint, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn claim_intake_key(
    tx: TenantTx,
    ctx: &CommandContext,
    fingerprint: &str,
    lease: SignedDuration,
) -> Result<KeyClaim, StoreError> {
    let tenant = tx.tenant.clone();
    let key = ctx.idempotency_key.clone().unwrap_or_default();
    let leased_until = ctx.now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&INTAKE_SCOPE as _, Type::TEXT),
        (&key as _, Type::TEXT),
        (&fingerprint as _, Type::TEXT),
        (&ctx.now as _, Type::TIMESTAMPTZ),
        (&leased_until as _, Type::TIMESTAMPTZ),
    ];
    let rows = tx.run_alone("claim_intake_key", CLAIM_KEY, &params).await?;
    let Some(row) = rows.first() else { return Ok(KeyClaim::Running) };
    let r = Reader::new("idempotency_record", row);
    let is_other = r.get::<String>("fingerprint")? != fingerprint;
    if is_other && !SeededBug::NoFingerprint.is_present() {
        return Ok(KeyClaim::Reused);
    }
    match r.get::<String>("status")?.as_str() {
        "CLAIMED" => Ok(KeyClaim::Claimed { lease_epoch: r.get("lease_epoch")? }),
        "DONE" => Ok(KeyClaim::Replay {
            status: u16::try_from(r.get::<Option<i32>>("result_status")?.unwrap_or(200))
                .unwrap_or(200),
            body: r.get("result")?,
        }),
        _ => Ok(KeyClaim::Running),
    }
}

/// Gives a claimed key back: a source was unavailable, so the caller may simply ask again.
///
/// # Errors
/// Technical failures of the store; the lease then runs out by itself.
pub async fn release_intake_key(
    tx: TenantTx,
    ctx: &CommandContext,
    lease_epoch: i64,
) -> Result<(), StoreError> {
    let tenant = tx.tenant.clone();
    let key = ctx.idempotency_key.clone().unwrap_or_default();
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&INTAKE_SCOPE as _, Type::TEXT),
        (&key as _, Type::TEXT),
        (&lease_epoch as _, Type::INT8),
    ];
    tx.run_alone("release_intake_key", RELEASE_KEY, &params).await?;
    Ok(())
}

/// Stores a business refusal under its key and in the tenant's audit chain.
///
/// # Errors
/// Technical failures of the store.
pub async fn refuse_order(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    lease_epoch: i64,
    (code, status, body): (&str, u16, &Value),
) -> Result<(), StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let chain =
        tenant_tx.tx.open(Some(&tenant), async |tx| TenantChain::lock(tx, &tenant).await).await?;
    let outcome = AuditOutcome::Refused(code.to_owned());
    let mut set = ChangeSet::default();
    chain.push(&mut set, ctx, "create_order_from_quote", &outcome);
    let finish = IdempotencyFinish {
        tenant_id: tenant.to_string(),
        scope: INTAKE_SCOPE,
        key: ctx.idempotency_key.clone().unwrap_or_default(),
        lease_epoch,
        result_status: i32::from(status),
        result: body.clone(),
    };
    set.push(Part::FinishIdempotency, &finish);
    set.write(tenant_tx.tx, "refuse_order").await
}
