//! `workflow_correlation`: which process instance serves an order (§3 §5).
//!
//! Written by the relay before and after it starts a process, and by reconciliation, which looks at
//! every live row from time to time. The unique key makes a second claimant wait: one process per
//! subject, whoever races.

mod check;

pub(crate) use check::{ADOPT, CHECK_NOW, CLAIM_CHECKS, FIND_STATUS, MARK_ENDED, PUT_OFF};
pub use check::{
    CHECK_LEASE, CheckedProcess, ProcessCheck, adopt, check_now, claim_checks, find_status,
    mark_ended, put_off,
};

use jiff::{SignedDuration, Timestamp};
use order_domain::ids::{OrderId, WorkflowRunId};
use order_domain::tenant::TenantId;
use order_domain::workflow::CorrelationStatus;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// How long a start may stay unrecorded before reconciliation looks.
pub(crate) const CHECK_START_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// How long a running process is left alone between two looks.
pub const CHECK_RUNNING_AFTER: SignedDuration = SignedDuration::from_mins(10);

pub(crate) const CLAIM_START: &str = r"
    with inserted as (
        insert into workflow_correlation
            (tenant_id, id, subject_type, subject_id, process_key, business_key, workflow_run_id, status,
             started_at, next_check_at)
        values ($1, $2, 'ORDER', $3, $4, $5, $6, 'STARTING', $7, $8)
        on conflict (tenant_id, subject_type, subject_id, process_key) do nothing
        returning workflow_run_id)
    select 'NEW' as state, i.workflow_run_id, null::text as process_instance_id, $7 as started_at
    from inserted i
    union all
    select c.status, c.workflow_run_id, c.process_instance_id, c.started_at
    from workflow_correlation c
    where c.tenant_id = $1 and c.subject_type = 'ORDER' and c.subject_id = $3 and c.process_key = $4
      and not exists (select from inserted)";

pub(crate) const MARK_RUNNING: &str = r"
    with running as (
        update workflow_correlation c
        set status = 'RUNNING', process_instance_id = $4, next_check_at = $5
        where c.tenant_id = $1 and c.subject_type = 'ORDER' and c.subject_id = $2 and c.process_key = $3
          and (c.status = 'STARTING' or c.status = 'RUNNING' and c.process_instance_id = $4)
        returning c.id)
    select r.id from running r";

/// What the correlation says about a start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum StartClaim {
    /// Nobody tried before: start now.
    New {
        /// The run's id, a process variable.
        workflow_run_id: WorkflowRunId,
    },
    /// Somebody tried and nobody knows: ask the engine by business key first.
    Unrecorded {
        /// The run's id.
        workflow_run_id: WorkflowRunId,
        /// When the earlier try began.
        started_at: Timestamp,
    },
    /// It runs or ran: nothing to start.
    Known {
        /// The instance.
        process_instance_id: Option<String>,
    },
}

/// Inserts or reads the correlation of an order's process, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn claim_start(
    tx: SystemTx,
    (tenant, order_id): (&TenantId, OrderId),
    (process_key, business_key): (&str, &str),
    now: Timestamp,
) -> Result<StartClaim, StoreError> {
    let next_check_at = now.checked_add(CHECK_START_AFTER).unwrap_or(Timestamp::MAX);
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&Uuid::now_v7() as _, Type::UUID),
        (&order_id.as_uuid() as _, Type::UUID),
        (&process_key as _, Type::TEXT),
        (&business_key as _, Type::TEXT),
        (&Uuid::now_v7() as _, Type::UUID),
        (&now as _, Type::TIMESTAMPTZ),
        (&next_check_at as _, Type::TIMESTAMPTZ),
    ];
    let rows = tx.run_alone("claim_start", CLAIM_START, &params).await?;
    // A rival inserted after this statement's snapshot: its try counts, ask first.
    let row = rows.first().ok_or(StoreError::NotFound { what: "the correlation" })?;
    let r = Reader::new("workflow_correlation", row);
    let workflow_run_id = WorkflowRunId::from_uuid(r.get("workflow_run_id")?);
    let state = r.get::<String>("state")?;
    if state == "NEW" {
        return Ok(StartClaim::New { workflow_run_id });
    }
    let status = state
        .parse()
        .map_err(|_| StoreError::CorruptRow { table: "workflow_correlation", column: "status" })?;
    Ok(match status {
        CorrelationStatus::Starting => {
            StartClaim::Unrecorded { workflow_run_id, started_at: r.get("started_at")? }
        }
        CorrelationStatus::Running | CorrelationStatus::Ended | CorrelationStatus::Lost => {
            StartClaim::Known { process_instance_id: r.get("process_instance_id")? }
        }
    })
}

/// What recording an instance came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RunningOutcome {
    /// The correlation names this instance.
    Recorded,
    /// It names another one, or the process has ended or was lost meanwhile.
    Superseded,
}

/// Records the instance of an order's process. Repeating it changes nothing but the next look, and
/// an instance that was recorded is not replaced by another: whoever started that one, woke late.
///
/// # Errors
/// Technical failures of the store.
pub async fn mark_running(
    tx: SystemTx,
    (tenant, order_id): (&TenantId, OrderId),
    (process_key, process_instance_id): (&str, &str),
    now: Timestamp,
) -> Result<RunningOutcome, StoreError> {
    let next_check_at = now.checked_add(CHECK_RUNNING_AFTER).unwrap_or(Timestamp::MAX);
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&order_id.as_uuid() as _, Type::UUID),
        (&process_key as _, Type::TEXT),
        (&process_instance_id as _, Type::TEXT),
        (&next_check_at as _, Type::TIMESTAMPTZ),
    ];
    let rows = tx.run_alone("mark_running", MARK_RUNNING, &params).await?;
    Ok(if rows.is_empty() { RunningOutcome::Superseded } else { RunningOutcome::Recorded })
}
