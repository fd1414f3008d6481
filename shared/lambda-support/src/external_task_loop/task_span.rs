//! The span of one task: the eleven fields that every log line of an order carries (§31).

use camunda_client::ExternalTask;
use tracing::Span;
use tracing::field::Empty;

/// Two fields are empty until a function records them: step and external reference.
pub(super) fn task_span(task: &ExternalTask, worker_id: &str) -> Span {
    let variables = &task.variables;
    tracing::info_span!(
        "external_task",
        tenant.id = variables.text("tenantId"),
        order.id = variables.text("orderId"),
        order.version = variables.number("orderVersion"),
        process.instance_id = task.process_instance_id,
        business_key = task.business_key,
        activity.id = task.activity_id,
        external_task.id = task.id,
        worker.id = worker_id,
        fulfillment_step.id = Empty,
        correlation_id = variables.text("correlationId"),
        external_reference = Empty,
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::task;
    use super::*;

    #[test]
    fn the_span_of_a_task_has_the_eleven_fields() {
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry());

        let span = task_span(&task("t1", None), "order-decompose:1");

        let metadata = span.metadata().expect("the span is enabled");
        let names: Vec<&str> = metadata.fields().iter().map(|field| field.name()).collect();
        assert_eq!(
            names,
            [
                "tenant.id",
                "order.id",
                "order.version",
                "process.instance_id",
                "business_key",
                "activity.id",
                "external_task.id",
                "worker.id",
                "fulfillment_step.id",
                "correlation_id",
                "external_reference",
            ]
        );
    }
}
