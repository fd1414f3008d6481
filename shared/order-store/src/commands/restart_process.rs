//! Puts the process of an order back at the milestone that the order's facts demand (§40 §42).
//!
//! Invariant: nothing here starts anything. The correlation gets a new run, the start is owed, and
//! what was owed to the old instance is owed anew or not at all, in one transaction; the relay asks
//! the engine before it starts, as after every start whose answer was lost.

use futures_util::future::try_join3;
use jiff::{SignedDuration, Timestamp};
use order_domain::fallout::EngineAnchor;
use order_domain::ids::{OrderId, WorkflowRunId};
use order_domain::order::{OrderMilestone, OrderStatus, ResumePoint, milestone_to_resume};
use order_domain::tenant::TenantId;
use order_domain::workflow::CorrelationStatus;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::aggregate::{OrderKeys, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::{ChangeSet, CorrelationUpdate, DropEngineDeliveries, IncidentRow, Part};
use crate::context::CommandContext;
use crate::correlation::CHECK_START_AFTER;
use crate::error::StoreError;
use crate::order_reference::NEXT_OPEN_COMMUNICATION;
use crate::outbox::Delivery;
use crate::row::Reader;
use crate::tx::{TenantTx, Tx};

const COMMAND: &str = "restart_process";
/// From the second restart of an order on: what ends again and again must not run hot.
const RESTART_DELAY: SignedDuration = SignedDuration::from_mins(10);
const RESTART_DELAY_DOUBLINGS: u32 = 7;

pub(crate) const LOCK_CORRELATION: &str = r"
    select c.id, c.status, c.process_instance_id, c.workflow_run_id, c.started_at, c.restart_count
    from workflow_correlation c
    where c.tenant_id = $1 and c.subject_type = 'ORDER' and c.subject_id = $2
    for update of c";

/// A process that is not where its order needs it.
#[derive(Debug, Clone)]
pub struct MissingProcess {
    /// The order.
    pub order_id: OrderId,
    /// The run that was looked at.
    pub workflow_run_id: WorkflowRunId,
    /// What the engine said.
    pub finding: ProcessFinding,
}

/// What the engine said about the process of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessFinding {
    /// It knows no instance, neither running nor ended.
    Lost,
    /// The instance ended; how, in the engine's words.
    Ended(String),
    /// No start is owed, and the engine has no instance.
    NeverStarted,
}

/// What a missing process led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RestartOutcome {
    /// A start at this milestone is owed.
    Restarted(OrderMilestone),
    /// It was restarted a short while ago; tried again then.
    Delayed(Timestamp),
    /// The order needs no process any more: the correlation is ended.
    NothingLeft,
    /// Somebody else was faster: another run is recorded, or a start is owed.
    Superseded,
}

struct Correlation {
    id: Uuid,
    status: CorrelationStatus,
    process_instance_id: Option<String>,
    run_id: Uuid,
    started_at: Timestamp,
    restart_count: u32,
}

impl TryFrom<&Row> for Correlation {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("workflow_correlation", row);
        Ok(Self {
            id: r.get("id")?,
            status: r.parse("status")?,
            process_instance_id: r.get("process_instance_id")?,
            run_id: r.get("workflow_run_id")?,
            started_at: r.get("started_at")?,
            restart_count: r.count("restart_count")?,
        })
    }
}

impl Correlation {
    /// The first restart is at once; each further one waits twice as long since the last.
    fn may_restart_at(&self) -> Timestamp {
        let Some(doublings) = self.restart_count.checked_sub(1) else { return Timestamp::MIN };
        let delay = RESTART_DELAY * (1 << doublings.min(RESTART_DELAY_DOUBLINGS));
        self.started_at.checked_add(delay).unwrap_or(Timestamp::MAX)
    }
}

/// Owes a start at the milestone that comes next, under the order's lock.
///
/// # Errors
/// Technical failures of the store, and an order that does not exist; nothing is changed then.
pub async fn restart_process(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    missing: &MissingProcess,
) -> Result<RestartOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let key = (tenant.clone(), missing.order_id);
    let keys = OrderKeys::of_orders([key.clone()]);
    let (mut orders, correlation, owes_communication) = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| {
            try_join3(
                load_orders(tx, &keys, StepScope::None),
                lock_correlation(tx, &key),
                owes_communication(tx, &key),
            )
            .await
        })
        .await?;
    let is_current = |x: &Correlation| {
        x.run_id == missing.workflow_run_id.as_uuid() && x.status != CorrelationStatus::Ended
    };
    let Some(correlation) = correlation.filter(is_current) else {
        tenant_tx.tx.roll_back().await?;
        return Ok(RestartOutcome::Superseded);
    };
    let aggregate = orders.remove(&key).ok_or(StoreError::NotFound { what: "the order" })?;
    let plan = aggregate.plan.as_ref().map(|x| x.status);
    let status = aggregate.order.status;
    let next = milestone_to_resume(status, &aggregate.facts(), plan, owes_communication);
    let mut set = ChangeSet::default();
    let mut change = OrderChange::begin(aggregate, COMMAND, ctx, &mut set);
    let outcome = decide(&mut change, &correlation, (next, &missing.finding));
    change.finish(&AuditOutcome::Applied);
    set.write(tenant_tx.tx, COMMAND).await?;
    Ok(outcome)
}

async fn lock_correlation(
    tx: &Tx,
    (tenant, order_id): &(TenantId, OrderId),
) -> Result<Option<Correlation>, StoreError> {
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
    let rows = tx.rows("lock_correlation", LOCK_CORRELATION, &params).await?;
    rows.first().map(Correlation::try_from).transpose()
}

async fn owes_communication(
    tx: &Tx,
    (tenant, order_id): &(TenantId, OrderId),
) -> Result<bool, StoreError> {
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
    let rows = tx.rows("owes_communication", NEXT_OPEN_COMMUNICATION, &params).await?;
    let due = |row| Reader::new("customer_notification", row).get::<Option<Timestamp>>("due_at");
    Ok(rows.first().map(due).transpose()?.flatten().is_some())
}

fn decide(
    change: &mut OrderChange<'_>,
    correlation: &Correlation,
    (next, finding): (Option<OrderMilestone>, &ProcessFinding),
) -> RestartOutcome {
    let Some(milestone) = next else {
        let now = change.now();
        let row = updated(change, correlation, CorrelationStatus::Ended);
        let ended = CorrelationUpdate { ended_at: Some(now), next_check_at: None, ..row };
        change.set.push(Part::CorrelationUpdate, &ended);
        return RestartOutcome::NothingLeft;
    };
    let allowed_at = correlation.may_restart_at();
    // The process of an order that was given up is deleted on purpose.
    if change.aggregate.order.status != OrderStatus::Failed {
        report(change, correlation, (milestone, finding));
    }
    if allowed_at > change.now() {
        let row = updated(change, correlation, CorrelationStatus::Lost);
        let delayed = CorrelationUpdate { next_check_at: Some(allowed_at), ..row };
        change.set.push(Part::CorrelationUpdate, &delayed);
        return RestartOutcome::Delayed(allowed_at);
    }
    restart(change, correlation, milestone);
    RestartOutcome::Restarted(milestone)
}

fn updated(
    change: &OrderChange<'_>,
    correlation: &Correlation,
    status: CorrelationStatus,
) -> CorrelationUpdate {
    CorrelationUpdate {
        tenant_id: change.tenant(),
        id: correlation.id,
        status: status.as_str(),
        process_instance_id: correlation.process_instance_id.clone(),
        workflow_run_id: correlation.run_id,
        started_at: correlation.started_at,
        ended_at: None,
        next_check_at: None,
        restart_count: correlation.restart_count,
    }
}

fn restart(change: &mut OrderChange<'_>, correlation: &Correlation, milestone: OrderMilestone) {
    let now = change.now();
    let row = CorrelationUpdate {
        process_instance_id: None,
        workflow_run_id: Uuid::now_v7(),
        started_at: now,
        next_check_at: now.checked_add(CHECK_START_AFTER).ok(),
        restart_count: correlation.restart_count.saturating_add(1),
        ..updated(change, correlation, CorrelationStatus::Starting)
    };
    change.set.push(Part::CorrelationUpdate, &row);
    let order_id = change.aggregate.order.id.as_uuid();
    let dropped = DropEngineDeliveries { tenant_id: change.tenant(), order_id };
    change.set.push(Part::DropEngineDeliveries, &dropped);
    let start = Delivery::WorkflowStart {
        order_version: change.aggregate.order.version,
        correlation_id: change.aggregate.order.correlation_id,
        resume_at: Some(ResumePoint { milestone, fallout_case_id: case_of(change, milestone) }),
    };
    change.owe(&start, now);
    // Releasing the plan again owes the openings itself; a second opening would be a second task.
    if milestone != OrderMilestone::Execution {
        change.owe_openings();
    }
}

/// The open case in which the milestone was refused: its person is still wanted.
fn case_of(
    change: &OrderChange<'_>,
    milestone: OrderMilestone,
) -> Option<order_domain::ids::FalloutCaseId> {
    let command = milestone.refusing_command()?;
    let cause = format!("milestone:{command}");
    let cases = &change.aggregate.cases;
    let anchored = cases.iter().filter(|x| x.engine_anchor == EngineAnchor::BpmnError);
    anchored.filter(|x| x.cause == cause).map(|x| x.id).next()
}

/// Engineering hears of every process that went away, also when the order goes on by itself.
fn report(
    change: &mut OrderChange<'_>,
    correlation: &Correlation,
    (milestone, finding): (OrderMilestone, &ProcessFinding),
) {
    let instance = correlation.process_instance_id.as_deref().unwrap_or("unknown");
    let (kind, what) = match finding {
        ProcessFinding::NeverStarted => return,
        ProcessFinding::Lost => {
            ("ENGINE_INSTANCE_LOST", "is unknown to the engine, running and ended".to_owned())
        }
        ProcessFinding::Ended(how) => ("ENGINE_INSTANCE_ENDED", format!("ended ({how})")),
    };
    let times = correlation.restart_count;
    let detail = format!(
        "process instance {instance} {what} while the order is open; put back at {milestone}, \
         after {times} earlier restarts"
    );
    let order_id = change.aggregate.order.id;
    let now = change.now();
    let row = IncidentRow {
        tenant_id: change.tenant(),
        id: Uuid::now_v7(),
        kind,
        cause: format!("order:{order_id}"),
        target_system: None,
        order_id: Some(order_id.as_uuid()),
        severity: if times > 0 { "CRITICAL" } else { "MAJOR" },
        detail,
        occurrence_count: 1,
        first_seen_at: now,
        last_seen_at: now,
    };
    change.set.push(Part::Incident, &row);
}
