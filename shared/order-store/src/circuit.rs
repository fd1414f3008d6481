//! `target_system_circuit`: whether a target system is sent anything (ADR 0029).
//!
//! No row means CLOSED. Written by whoever hears answers ([`record_step_outcomes`]), by the sweep that
//! moves what is due, and by people. Counts are added to what is stored; a move is written only over
//! the version that it was decided on, so that of two at once one counts.
//!
//! [`record_step_outcomes`]: crate::commands::record_step_outcomes

use jiff::Timestamp;
use order_domain::circuit::{
    Answers, Circuit, CircuitCause, CircuitStatus, DrainRate, FailureWindow, Hold, Opening,
};
use order_domain::tenant::TenantId;
use serde::Deserialize;
use tokio_postgres::types::Type;

use crate::change_set::CircuitUpsert;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// Circuits whose time has come; closed ones are in no index.
pub(crate) const LIST_DUE: &str = r"
    select b.tenant_id, b.system
    from target_system_circuit b
    where b.status <> 'CLOSED' and b.next_move_at <= $1
    order by b.next_move_at
    limit $2";

/// A target system of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SystemKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The system's name.
    pub system: String,
}

/// Systems whose circuits must move; a hint, decided again by
/// [`move_circuits`](crate::commands::move_circuits).
///
/// # Errors
/// Technical failures of the store.
pub async fn list_due(
    tx: SystemTx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<SystemKey>, StoreError> {
    let limit = i64::from(limit);
    let params = [(&now as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    let rows = tx.run_alone("list_due_circuits", LIST_DUE, &params).await?;
    rows.iter().map(|row| SystemKey::read(&Reader::new("target_system_circuit", row))).collect()
}

impl SystemKey {
    pub(crate) fn read(r: &Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { tenant: r.parse("tenant_id")?, system: r.get("system")? })
    }
}

/// A circuit as it is stored; version 0 before its first move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CircuitRow {
    pub(crate) circuit: Circuit,
    pub(crate) version: i64,
}

/// The columns, as `to_jsonb` of the row spells them.
#[derive(Debug, Deserialize)]
struct Stored {
    status: CircuitStatus,
    opened_at: Option<Timestamp>,
    opened_by: Option<CircuitCause>,
    operator: Option<String>,
    reason_code: Option<String>,
    note: Option<String>,
    next_move_at: Option<Timestamp>,
    probe_count: u32,
    drain_rate_per_minute: u32,
    window_started_at: Timestamp,
    success_count: u32,
    failure_count: u32,
    version: i64,
}

impl Stored {
    fn hold(&self) -> Option<Hold> {
        match self.opened_by? {
            CircuitCause::FailureRate => None,
            CircuitCause::Operator => Some(Hold {
                operator: self.operator.clone()?,
                reason_code: self.reason_code.clone()?,
                note: self.note.clone(),
            }),
        }
    }
}

impl CircuitRow {
    /// The circuit in the column `circuit` of a row that a system is joined to; `None`: no row.
    pub(crate) fn read(r: &Reader<'_>) -> Result<Option<Self>, StoreError> {
        Ok(r.optional_json::<Stored>("circuit")?.map(Self::from))
    }

    /// A circuit of which nothing is stored.
    pub(crate) const fn absent(now: Timestamp) -> Self {
        Self { circuit: Circuit::closed(now), version: 0 }
    }

    /// The circuit `after` these answers, or after a move that heard none.
    pub(crate) fn upsert(
        &self,
        key: &SystemKey,
        (after, answers): (&Circuit, Answers),
        now: Timestamp,
    ) -> CircuitUpsert {
        let hold = after.hold_of();
        CircuitUpsert {
            tenant_id: key.tenant.to_string(),
            system: key.system.clone(),
            status: after.status.as_str(),
            opened_at: after.opening.as_ref().map(|x| x.at),
            opened_by: after.opened_by().map(CircuitCause::as_str),
            operator: hold.map(|x| x.operator.clone()),
            reason_code: hold.map(|x| x.reason_code.clone()),
            note: hold.and_then(|x| x.note.clone()),
            next_move_at: after.next_move_at,
            probe_count: after.probe_count,
            drain_rate_per_minute: after.drain_rate.per_minute(),
            window_started_at: after.window.started_at,
            success_count: answers.alive,
            failure_count: answers.unavailable,
            version: self.version + i64::from(self.circuit.moves_to(after)),
            updated_at: now,
        }
    }
}

impl From<Stored> for CircuitRow {
    fn from(stored: Stored) -> Self {
        let by = stored.hold();
        Self {
            circuit: Circuit {
                status: stored.status,
                opening: stored.opened_at.map(|at| Opening { at, by }),
                next_move_at: stored.next_move_at,
                probe_count: stored.probe_count,
                drain_rate: DrainRate::parse(stored.drain_rate_per_minute)
                    .unwrap_or(DrainRate::DEFAULT),
                window: FailureWindow {
                    started_at: stored.window_started_at,
                    success_count: stored.success_count,
                    failure_count: stored.failure_count,
                },
            },
            version: stored.version,
        }
    }
}
