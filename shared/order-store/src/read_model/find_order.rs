//! One order with everything that explains where it is, in one statement.

use order_domain::ids::OrderId;
use tokio_postgres::types::Type;

use super::order_view::OrderView;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

/// One statement, because several would each have a snapshot of their own. Every part is found by
/// an index that starts with the tenant and the order.
pub(crate) const FIND_ORDER: &str = r"
    select row_to_json(v) as view
    from (
        select o.id as order_id, o.order_number, o.status, o.version, o.quote_id, o.quote_revision,
               o.customer_id, o.billing_account_id, o.catalogue_version, o.correlation_id,
               o.open_blocking_case_count, o.created_at, o.validated_at, o.decomposed_at, o.planned_at,
               o.released_at, o.billing_settled_at, o.completed_at, o.updated_at,
               w.business_key, w.process_instance_id, w.workflow_run_id, w.status as process_status,
               (select coalesce(json_agg(x order by x.line_number), '[]')
                from (select l.id as order_line_id, l.line_number, l.quote_item_id, l.parent_line_id,
                             l.product_code, l.action, l.quantity, l.characteristics,
                             l.previous_characteristics, l.product_instance_id, l.is_mandatory, l.status,
                             l.settled_reason, l.waived_by, l.step_count, l.remaining_step_count,
                             l.failed_step_count, b.status as billing_status,
                             case when l.recurring_amount_minor is not null then json_build_object(
                                 'amountMinor', l.recurring_amount_minor, 'currency', l.currency)
                             end as recurring_price,
                             case when l.one_time_amount_minor is not null then json_build_object(
                                 'amountMinor', l.one_time_amount_minor, 'currency', l.currency)
                             end as one_time_price
                      from order_line l
                      left join billing_activation b on b.tenant_id = l.tenant_id
                          and b.order_id = l.order_id and b.order_line_id = l.id
                      where l.tenant_id = o.tenant_id and l.order_id = o.id) x) as lines,
               (select row_to_json(x)
                from (select p.id as fulfillment_plan_id, p.plan_version, p.status, p.step_count,
                             p.remaining_step_count, p.critical_path_length, p.created_at, p.released_at,
                             p.completed_at
                      from fulfillment_plan p
                      where p.tenant_id = o.tenant_id and p.order_id = o.id and p.purpose = 'FULFILLMENT'
                      order by p.plan_version desc
                      limit 1) x) as plan,
               (select coalesce(json_agg(x order by x.fulfillment_step_id), '[]')
                from (select s.id as fulfillment_step_id, s.plan_id as fulfillment_plan_id, s.order_line_id,
                             s.step_key, s.step_type, s.target_system, s.operation, s.status,
                             s.is_mandatory, s.depends_on_step_keys, s.pending_dependency_count,
                             s.generation, s.attempt_count, s.check_count, s.request_id,
                             s.external_reference, s.failure_code, s.held_by_incident_id, s.deadline_at,
                             case when s.status = 'READY' then s.updated_at
                                  when s.status in ('SUBMITTING', 'SUBMITTED', 'UNKNOWN')
                                  then coalesce(r.created_at, s.updated_at) end as waiting_since,
                             case when s.status = 'READY' then coalesce(
                                 (select b.next_move_at from target_system_circuit b
                                  where b.tenant_id = s.tenant_id and b.system = s.target_system
                                    and s.circuit_wait = 'WAITING'), s.next_attempt_at)
                             end as next_attempt_at,
                             case when s.status in ('SUBMITTED', 'UNKNOWN') then s.response_due_at
                             end as next_check_at,
                             case when s.status = 'COMPLETED' then s.updated_at end as completed_at,
                             r.updated_at as request_updated_at
                      from fulfillment_step s
                      left join external_request r on r.tenant_id = s.tenant_id
                          and r.request_id = s.request_id
                      where s.tenant_id = o.tenant_id and s.order_id = o.id) x) as steps,
               (select coalesce(json_agg(x order by x.opened_at, x.fallout_case_id), '[]')
                from (select c.id as fallout_case_id, c.order_line_id, c.fulfillment_step_id, c.status,
                             c.severity, c.reason_code, c.reasons, c.origin, c.is_blocking,
                             c.occurrence_count, c.assigned_group, c.assigned_user, c.version,
                             c.opened_at, c.due_at, c.resolved_at, c.resolution, c.resolution_code
                      from order_fallout_case c
                      where c.tenant_id = o.tenant_id and c.order_id = o.id) x) as fallout_cases,
               (select coalesce(json_agg(x order by x.order_version, x.occurred_at, x.id), '[]')
                from (select t.id, t.subject_type, t.subject_id, t.from_status, t.to_status, t.command,
                             t.actor_name, t.reason, t.order_version, t.occurred_at
                      from order_transition t
                      where t.tenant_id = o.tenant_id and t.order_id = o.id) x) as transitions,
               (select coalesce(json_agg(x order by x.order_version), '[]')
                from (select e.id as event_id, e.event_type, e.order_version, e.data, e.occurred_at
                      from domain_event e
                      where e.tenant_id = o.tenant_id and e.order_id = o.id) x) as events,
               (select coalesce(json_agg(x order by x.occurred_at), '[]')
                from (select a.fallout_case_id, a.action, a.actor_name, a.reason_code, a.verdict,
                             a.refusal_code, a.order_version, a.occurred_at
                      from fallout_action a
                      where a.tenant_id = o.tenant_id and a.order_id = o.id) x) as actions
        from product_order o
        left join workflow_correlation w on w.tenant_id = o.tenant_id and w.subject_type = 'ORDER'
            and w.subject_id = o.id and w.process_key = 'order-fulfillment'
        where o.tenant_id = $1 and o.id = $2) v";

/// One order of the tenant, in one round trip; `None` where the tenant has no such order.
///
/// # Errors
/// Technical failures of the store, and a stored value that this code does not know.
pub async fn find_order(tx: TenantTx, order_id: OrderId) -> Result<Option<OrderView>, StoreError> {
    let tenant = tx.tenant.clone();
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
    let rows = tx.run_alone("find_order", FIND_ORDER, &params).await?;
    rows.first().map(|row| Reader::new("product_order", row).json("view")).transpose()
}
