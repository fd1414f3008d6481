//! People hold a target system, for maintenance, and release it (ADR 0029).
//!
//! The tenant's chain is locked first and the circuit after it, so that of two people at once the later
//! end wins, whoever comes first. No order is locked: its steps find out when they are to be sent.

use futures_util::future::try_join3;
use jiff::{Timestamp, Unit};
use order_domain::circuit::{
    Answers, Circuit, CircuitRejection, CircuitStatus, DrainRate, Hold, HoldDecision,
};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use crate::audit::AuditOutcome;
use crate::change_set::{ChangeSet, Part};
use crate::circuit::{CircuitRow, SystemKey};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{KeptAnswer, Written, find_answer, keep_answer, write_once};
use crate::row::Reader;
use crate::tenant_chain::TenantChain;
use crate::tx::{TenantTx, Tx};

/// Locks the circuit of a system that the tenant has; one that nothing was stored of is made.
pub(crate) const LOCK_CIRCUIT: &str = r"
    insert into target_system_circuit as b (tenant_id, system, status, window_started_at, updated_at)
    select t.tenant_id, t.system, 'CLOSED', $3, $3
    from target_system t
    where t.tenant_id = $1 and t.system = $2
    on conflict (tenant_id, system) do update set updated_at = b.updated_at
    returning to_jsonb(b) as circuit";

/// What every request about a system says.
#[derive(Debug, Clone)]
pub struct SystemRequest {
    /// The system.
    pub system: String,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words; never logged.
    pub note: Option<String>,
    /// Digest of the request: the same key with another body is refused.
    pub fingerprint: String,
}

/// A system's circuit after a request, as it is kept under the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CircuitChanged {
    /// The system.
    pub system: String,
    /// Where its circuit is now.
    pub status: CircuitStatus,
    /// When the hold ends by itself; absent where it was released.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ends_at: Option<Timestamp>,
    /// Steps let go in a minute; absent where it is held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub drain_rate_per_minute: Option<u32>,
}

/// What a request about a system came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum SystemOutcome {
    /// Done, now or before with the same key.
    Done(CircuitChanged),
    /// The key was used with another request.
    KeyReused,
    /// It cannot be.
    Refused(CircuitRejection),
    /// The tenant has no such system.
    NotFound,
    /// Somebody stored the key meanwhile: repeat.
    Busy,
}

struct Loaded {
    chain: TenantChain,
    circuit: Option<CircuitRow>,
    stored: Option<KeptAnswer<CircuitChanged>>,
}

/// Lets the steps of a system wait until `ends_at`. Of two holds the later end wins.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn hold_system(
    tenant_tx: TenantTx,
    ctx: &CommandContext,
    (request, ends_at): (&SystemRequest, Timestamp),
) -> Result<SystemOutcome, StoreError> {
    // As PostgreSQL keeps it: a repeat is told the same.
    let ends_at = ends_at.round(Unit::Microsecond).unwrap_or(ends_at);
    let hold = Hold {
        operator: ctx.actor.name.clone(),
        reason_code: request.reason_code.clone(),
        note: request.note.clone(),
    };
    change(tenant_tx, ctx, ("hold_system", request), |before| {
        Ok(match before.hold(hold, (ends_at, ctx.now))? {
            HoldDecision::Apply(after) => Some(*after),
            HoldDecision::HeldLonger => None,
        })
    })
    .await
}

/// Lets go what waits for a system, at this rate.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn release_system(
    tenant_tx: TenantTx,
    ctx: &CommandContext,
    (request, rate): (&SystemRequest, DrainRate),
) -> Result<SystemOutcome, StoreError> {
    change(tenant_tx, ctx, ("release_system", request), |before| {
        before.release(rate, ctx.now).map(Some)
    })
    .await
}

/// `decide` answers the circuit as it is then, or `None` where it stays as it is.
async fn change(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    (command, request): (&'static str, &SystemRequest),
    decide: impl FnOnce(&Circuit) -> Result<Option<Circuit>, CircuitRejection>,
) -> Result<SystemOutcome, StoreError> {
    let key = SystemKey { tenant: tenant_tx.tenant.clone(), system: request.system.clone() };
    let loaded = tenant_tx
        .tx
        .open(Some(&key.tenant), async |tx| load(tx, (ctx, request), &key).await)
        .await?;
    let Loaded { chain, circuit, stored } = loaded;
    let known = match (stored, &circuit) {
        (Some(KeptAnswer::Same(done)), _) => Some(SystemOutcome::Done(done)),
        (Some(KeptAnswer::OtherRequest), _) => Some(SystemOutcome::KeyReused),
        (None, None) => Some(SystemOutcome::NotFound),
        (None, Some(_)) => None,
    };
    let (Some(row), None) = (&circuit, &known) else {
        tenant_tx.tx.roll_back().await?;
        return Ok(known.unwrap_or(SystemOutcome::NotFound));
    };
    let mut set = ChangeSet::default();
    let after = match decide(&row.circuit) {
        Ok(after) => after,
        Err(rejection) => {
            let refused = AuditOutcome::Refused(rejection.code().to_owned());
            chain.push(&mut set, ctx, command, &refused);
            set.write(tenant_tx.tx, command).await?;
            return Ok(SystemOutcome::Refused(rejection));
        }
    };
    let mut outcome = AuditOutcome::AlreadyApplied;
    if let Some(after) = &after {
        set.push(Part::Circuit, &row.upsert(&key, (after, Answers::default()), ctx.now));
        outcome = AuditOutcome::Applied;
    }
    let changed = changed(key.system, after.as_ref().unwrap_or(&row.circuit));
    chain.push(&mut set, ctx, command, &outcome);
    let asked = (ctx, command, &*request.fingerprint);
    keep_answer(&mut set, key.tenant.to_string(), asked, &changed)?;
    Ok(match write_once(set, tenant_tx.tx, command).await? {
        Written::Now => SystemOutcome::Done(changed),
        Written::SomebodyWasFaster => SystemOutcome::Busy,
    })
}

async fn load(
    tx: &Tx,
    (ctx, request): (&CommandContext, &SystemRequest),
    key: &SystemKey,
) -> Result<Loaded, StoreError> {
    let circuit = [
        (&key.tenant.as_str() as _, Type::TEXT),
        (&key.system as _, Type::TEXT),
        (&ctx.now as _, Type::TIMESTAMPTZ),
    ];
    let (chain, circuit, stored) = try_join3(
        TenantChain::lock(tx, &key.tenant),
        tx.rows("lock_circuit", LOCK_CIRCUIT, &circuit),
        find_answer(tx, &key.tenant, (ctx, &request.fingerprint)),
    )
    .await?;
    let row = circuit.first().map(|row| Reader::new("target_system_circuit", row));
    let circuit = row.as_ref().map(CircuitRow::read).transpose()?.flatten();
    Ok(Loaded { chain, circuit, stored })
}

fn changed(system: String, after: &Circuit) -> CircuitChanged {
    let is_draining = after.status == CircuitStatus::Draining;
    CircuitChanged {
        system,
        status: after.status,
        ends_at: after.next_move_at.filter(|_| !is_draining),
        drain_rate_per_minute: is_draining.then(|| after.drain_rate.per_minute()),
    }
}
