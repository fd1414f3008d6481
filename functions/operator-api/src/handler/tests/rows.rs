//! Steps and cases as they could lie there, without the commands that lead to them.

use order_domain::ids::OrderId;

use super::fixture::Fixture;

impl Fixture {
    /// Adds a step that was sent, with `changes` in SQL.
    pub(super) async fn step(&self, order: OrderId, changes: &str) {
        self.arrange(&format!(
            "insert into fulfillment_step (tenant_id, id, order_id, plan_id, work_item_id, step_key, step_type,
                 target_system, operation, depends_on_step_keys, dependent_step_keys, pending_dependency_count,
                 is_mandatory, point_of_no_return, status, request_id, request_payload, attempt_count,
                 response_due_at, first_sent_at, created_at, updated_at)
             select tenant_id, gen_random_uuid(), id, id, id, 'step-' || gen_random_uuid(), 'NEW', 'BILLING', 'activate',
                 '{{}}', '{{}}', 0, true, 'NONE', 'SUBMITTED', gen_random_uuid(), '{{}}', 1, now(), now(), now(), now()
             from product_order where id = '{order}';
             update fulfillment_step set step_type = 'T', {changes} where step_type = 'NEW'"
        ))
        .await;
    }

    /// Adds an open case, with `changes` in SQL.
    pub(super) async fn case(&self, order: OrderId, changes: &str) {
        self.arrange(&format!(
            "insert into order_fallout_case (tenant_id, id, order_id, cause, origin, severity, reason_code, reasons,
                 status, is_blocking, engine_anchor, evidence, assigned_group, version, opened_at)
             select tenant_id, ('0199' || right(gen_random_uuid()::text, 32))::uuid, id, gen_random_uuid(), 'NEW', 'MAJOR',
                 'INVALID_ADDRESS', '[]', 'OPEN', true, 'NONE', '{{}}', 'order-operations', 1, now()
             from product_order where id = '{order}';
             update order_fallout_case set origin = 'T', {changes} where origin = 'NEW'"
        ))
        .await;
    }

    /// Changes an order as no command would.
    pub(super) async fn change(&self, order: OrderId, changes: &str) {
        self.arrange(&format!("update product_order set {changes} where id = '{order}'")).await;
    }

    async fn arrange(&self, sql: &str) {
        let past_foreign_keys = "set session_replication_role = replica";
        self.db()
            .execute(&format!("{past_foreign_keys}; {sql}; reset session_replication_role"))
            .await;
    }
}
