//! The five pointers that a process carries (§6), parsed once at the edge.

use std::str::FromStr;

use camunda_client::{BusinessKey, ExternalTask};
use fault_points::SeededBug;
use order_domain::ids::{CorrelationId, OrderId, WorkflowRunId};
use order_domain::tenant::TenantId;

/// Which order a task is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPointers {
    /// The tenant: every read and write is bound to it.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The order's version at the start of the process; for logs only (SYSTEM §5).
    pub order_version: i64,
    /// Trace across systems.
    pub correlation_id: CorrelationId,
    /// This run of the process.
    pub workflow_run_id: WorkflowRunId,
}

/// The task is not one that this function may touch; names what is wrong, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForeignTask {
    /// A pointer is absent or not what it must be.
    #[error("the process variable {0} is missing or malformed")]
    Pointer(&'static str),
    /// The business key is not that of the order the pointers name.
    #[error("the business key of the process is not that of the order in its variables")]
    BusinessKey,
    /// The task asks for another capability.
    #[error("the task belongs to another topic")]
    Topic,
}

impl OrderPointers {
    /// The pointers of a task of `topic`.
    ///
    /// # Errors
    /// [`ForeignTask`]: engineering's incident, because no retry mends a model or a start.
    pub fn parse(task: &ExternalTask, topic: &str) -> Result<Self, ForeignTask> {
        if task.topic_name != topic {
            return Err(ForeignTask::Topic);
        }
        let pointers = Self {
            tenant: text(task, "tenantId")?,
            order_id: text(task, "orderId")?,
            order_version: task
                .variables
                .number("orderVersion")
                .ok_or(ForeignTask::Pointer("orderVersion"))?,
            correlation_id: text(task, "correlationId")?,
            workflow_run_id: text(task, "workflowRunId")?,
        };
        let expected = BusinessKey::of_order(pointers.tenant.clone(), pointers.order_id);
        match &task.business_key {
            Some(key) if *key != expected.to_string() => Err(ForeignTask::BusinessKey),
            Some(_) | None => Ok(pointers),
        }
    }
}

fn text<T: FromStr>(task: &ExternalTask, name: &'static str) -> Result<T, ForeignTask> {
    let text = task.variables.text(name);
    text.and_then(|text| text.parse().ok()).ok_or(ForeignTask::Pointer(name))
}

/// `{COMMAND}:{orderId}:{processInstanceId}:{activityInstanceId}`.
///
/// The *instance* of the activity: the same while the engine hands one task out again and again,
/// another when a loop back after fallout runs the activity anew.
#[must_use]
pub fn idempotency_key(command: &str, order_id: OrderId, task: &ExternalTask) -> String {
    let activity = match SeededBug::KeyByActivity.is_present() {
        true => &task.activity_id,
        false => &task.activity_instance_id,
    };
    let process = &task.process_instance_id;
    format!("{command}:{order_id}:{process}:{activity}")
}

#[cfg(test)]
mod tests {
    use camunda_client::Variables;
    use order_domain::tenant::TenantId;

    use super::*;
    use crate::testing;

    const ORDER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn task() -> ExternalTask {
        let tenant: TenantId = "acme".parse().unwrap();
        testing::task("order.decompose", &tenant, ORDER.parse().unwrap())
    }

    #[test]
    fn the_five_pointers_name_tenant_and_order() {
        let pointers = OrderPointers::parse(&task(), "order.decompose").unwrap();

        assert_eq!(pointers.tenant.as_str(), "acme");
        assert_eq!(pointers.order_id.to_string(), ORDER);
        assert_eq!(pointers.order_version, 1);
    }

    #[test]
    fn a_task_without_its_pointers_is_an_incident() {
        for name in ["tenantId", "orderId", "orderVersion", "correlationId", "workflowRunId"] {
            let mut task = task();
            task.variables = task
                .variables
                .iter()
                .filter(|(known, _)| *known != name)
                .fold(Variables::none(), |all, (name, value)| all.with(name, value.clone()));

            let refused = OrderPointers::parse(&task, "order.decompose");

            assert_eq!(refused, Err(ForeignTask::Pointer(name)));
        }
    }

    #[test]
    fn a_task_whose_business_key_names_another_order_is_foreign() {
        let mut other = task();
        other.business_key = Some(format!("ORDER:other:{ORDER}"));

        assert_eq!(OrderPointers::parse(&other, "order.decompose"), Err(ForeignTask::BusinessKey));
        assert_eq!(OrderPointers::parse(&task(), "order.complete"), Err(ForeignTask::Topic));
    }

    #[test]
    fn the_key_is_stable_for_one_run_of_an_activity_only() {
        let (first, mut again) = (task(), task());
        let order_id = ORDER.parse().unwrap();
        again.id = "another-fetch".to_owned();
        again.retries = Some(3);

        let key = idempotency_key("DECOMPOSE", order_id, &first);
        assert_eq!(key, idempotency_key("DECOMPOSE", order_id, &again));
        assert!(key.starts_with(&format!("DECOMPOSE:{ORDER}:")), "{key}");

        again.activity_instance_id = "after-the-loop-back".to_owned();
        assert_ne!(key, idempotency_key("DECOMPOSE", order_id, &again));
    }
}
