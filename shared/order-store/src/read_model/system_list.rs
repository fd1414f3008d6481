//! The tenant's target systems, and whether they are sent anything.

use jiff::Timestamp;
use order_domain::circuit::{CircuitCause, CircuitStatus};
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::circuit::CircuitRow;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

/// Waiting steps are counted by the partial index that lets them go.
pub(crate) const LIST_SYSTEMS: &str = r"
    select t.system, to_jsonb(b) as circuit,
           case when b.status <> 'CLOSED' then
               (select count(*)::integer from fulfillment_step s
                where s.tenant_id = t.tenant_id and s.target_system = t.system and s.status = 'READY'
                  and s.circuit_wait = 'WAITING')
           else 0 end as waiting_step_count
    from target_system t
    left join target_system_circuit b on b.tenant_id = t.tenant_id and b.system = t.system
    where t.tenant_id = $1
    order by t.system";

/// One target system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TargetSystemView {
    /// The system.
    pub system: String,
    /// CLOSED: it is sent everything.
    pub status: CircuitStatus,
    /// Since when steps wait.
    pub since: Option<Timestamp>,
    /// Who opened the circuit.
    pub opened_by: Option<CircuitCause>,
    /// The person who holds it.
    pub operator: Option<String>,
    /// Why they do, as a code.
    pub reason_code: Option<String>,
    /// Why they do, in words.
    pub note: Option<String>,
    /// When the hold ends by itself.
    pub ends_at: Option<Timestamp>,
    /// When the system is tried again by itself.
    pub next_probe_at: Option<Timestamp>,
    /// Steps that wait for it.
    pub waiting_step_count: u32,
    /// Steps let go in a minute, while it drains.
    pub drain_rate_per_minute: Option<u32>,
}

impl TryFrom<&Row> for TargetSystemView {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("target_system_circuit", row);
        let circuit = CircuitRow::read(&r)?.map(|x| x.circuit);
        let circuit = circuit.as_ref();
        let status = circuit.map_or(CircuitStatus::Closed, |x| x.status);
        let hold = circuit.and_then(|x| x.hold_of());
        let next = circuit.and_then(|x| x.next_move_at);
        let is_held = status == CircuitStatus::Open && hold.is_some();
        Ok(Self {
            system: r.get("system")?,
            status,
            since: circuit.and_then(|x| Some(x.opening.as_ref()?.at)),
            opened_by: circuit.and_then(|x| x.opened_by()),
            operator: hold.map(|x| x.operator.clone()),
            reason_code: hold.map(|x| x.reason_code.clone()),
            note: hold.and_then(|x| x.note.clone()),
            ends_at: next.filter(|_| is_held),
            next_probe_at: next.filter(|_| status.is_out() && !is_held),
            waiting_step_count: r.count("waiting_step_count")?,
            drain_rate_per_minute: circuit
                .filter(|x| x.status == CircuitStatus::Draining)
                .map(|x| x.drain_rate.per_minute()),
        })
    }
}

/// Every target system of the tenant by name, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_systems(tx: TenantTx) -> Result<Vec<TargetSystemView>, StoreError> {
    let tenant = tx.tenant.clone();
    let params = [(&tenant.as_str() as _, Type::TEXT)];
    let rows = tx.run_alone("list_systems", LIST_SYSTEMS, &params).await?;
    rows.iter().map(TargetSystemView::try_from).collect()
}
