//! Moves circuits whose time has come, and lets go what may be sent by that (ADR 0029).
//!
//! A circuit is locked, or left to whoever has it; then it is decided again whether its time has come,
//! so that of two sweeps at once one lets steps go. The steps are no order's status: no order is locked.

use order_domain::circuit::{Answers, Backlog, CircuitStatus, LetGo};
use tokio_postgres::types::Type;

use crate::change_set::{AskAbout, ChangeSet, LetGo as LetGoRow, Part, SystemIsBack};
use crate::circuit::{CircuitRow, SystemKey};
use crate::context::CommandContext;
use crate::due_steps::is_mute;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{SystemTx, Tx};

pub(crate) const LOCK_DUE_CIRCUITS: &str = concat!(
    r"
    select b.tenant_id, b.system, to_jsonb(b) as circuit,
           exists (select from fulfillment_step s
                   join fulfillment_plan p on p.tenant_id = s.tenant_id and p.id = s.plan_id
                       and p.status = 'RELEASED'
                   where s.tenant_id = b.tenant_id and s.target_system = b.system and s.status = 'READY'
                     and s.circuit_wait = 'WAITING' and s.held_by_incident_id is null) as has_waiting,
           exists (select from fulfillment_step s
                   where s.tenant_id = b.tenant_id and s.target_system = b.system
                     and (s.status in ('SUBMITTED', 'UNKNOWN') and s.response_due_at <= $3
                          or s.status = 'SUBMITTING' and s.leased_until < $3)
                     and not ",
    is_mute!(),
    r") as has_unanswered
    from unnest($1::text[], $2::text[]) as k(tenant_id, system)
    join target_system_circuit b on b.tenant_id = k.tenant_id and b.system = k.system
    where b.status <> 'CLOSED' and b.next_move_at <= $3
    order by b.tenant_id, b.system
    for update of b skip locked"
);

/// What a circuit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitMove {
    /// Whose circuit it is.
    pub key: SystemKey,
    /// Where it is now.
    pub status: CircuitStatus,
    /// Steps that its rate lets go now, if so many wait.
    pub released_at_most: u32,
}

struct Due {
    key: SystemKey,
    row: CircuitRow,
    backlog: Backlog,
}

/// Moves those of these circuits whose time has come, in two round trips.
///
/// # Errors
/// Technical failures of the store; nothing is moved then.
pub async fn move_circuits(
    mut system_tx: SystemTx,
    ctx: &CommandContext,
    systems: &[SystemKey],
) -> Result<Vec<CircuitMove>, StoreError> {
    let due = system_tx.tx.open(None, async |tx| lock_due(tx, ctx, systems).await).await?;
    let mut set = ChangeSet::default();
    let moves = due.into_iter().map(|x| move_one(&mut set, ctx, x)).collect();
    set.write(system_tx.tx, "move_circuits").await?;
    Ok(moves)
}

async fn lock_due(
    tx: &Tx,
    ctx: &CommandContext,
    systems: &[SystemKey],
) -> Result<Vec<Due>, StoreError> {
    let (tenants, names): (Vec<&str>, Vec<&str>) =
        systems.iter().map(|x| (x.tenant.as_str(), x.system.as_str())).unzip();
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&names as _, Type::TEXT_ARRAY),
        (&ctx.now as _, Type::TIMESTAMPTZ),
    ];
    let rows = tx.rows("lock_due_circuits", LOCK_DUE_CIRCUITS, &params).await?;
    let due = |row| {
        let r = Reader::new("target_system_circuit", row);
        let row = CircuitRow::read(&r)?.ok_or(StoreError::NotFound { what: "a circuit" })?;
        let backlog = Backlog {
            has_waiting: r.get("has_waiting")?,
            has_unanswered: r.get("has_unanswered")?,
        };
        Ok(Due { key: SystemKey::read(&r)?, row, backlog })
    };
    rows.iter().map(due).collect()
}

fn move_one(set: &mut ChangeSet, ctx: &CommandContext, due: Due) -> CircuitMove {
    let Due { key, row, backlog } = due;
    let (after, let_go) = row.circuit.moved(backlog, ctx.now);
    set.push(Part::Circuit, &row.upsert(&key, (&after, Answers::default()), ctx.now));
    let (tenant_id, system, at) = (key.tenant.to_string(), key.system.clone(), ctx.now);
    let released_at_most = match let_go {
        LetGo::Steps(step_count) => {
            set.push(Part::LetGo, &LetGoRow { tenant_id, system, step_count, at });
            step_count
        }
        LetGo::Question => {
            set.push(Part::AskAbout, &AskAbout { tenant_id, system, at });
            0
        }
        LetGo::Nobody if after.status == CircuitStatus::Closed => {
            set.push(Part::SystemIsBack, &SystemIsBack { tenant_id, system, at });
            0
        }
        LetGo::Nobody => 0,
    };
    CircuitMove { key, status: after.status, released_at_most }
}
