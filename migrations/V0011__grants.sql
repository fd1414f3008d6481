-- Why: each function's role may do what its commands do, and nothing else (§37); a test tries the rest.
-- Journals are append only: no role has update or delete on them.
-- Compatible with: the first release.

-- Intake: a new order with everything that is written beside it, and keys.
grant select, insert on product_order to oms_order_intake;
grant insert on order_quote_snapshot, order_line, order_transition, audit_entry, domain_event, outbox_message
    to oms_order_intake;
grant select, insert, update on tenant_audit_chain to oms_order_intake;
grant select, insert, update, delete on idempotency_record to oms_order_intake;

-- Every milestone: lock and load the order, open its case, write journal and deliveries.
grant select, update on product_order to
    oms_order_validate_readiness, oms_order_decompose, oms_order_create_fulfillment_plan,
    oms_fulfillment_execute_ready_steps, oms_billing_activate, oms_order_complete;
grant select on order_line, fulfillment_plan to
    oms_order_validate_readiness, oms_order_decompose, oms_order_create_fulfillment_plan,
    oms_fulfillment_execute_ready_steps, oms_billing_activate, oms_order_complete;
grant select, insert, update on order_fallout_case to
    oms_order_validate_readiness, oms_order_decompose, oms_order_create_fulfillment_plan,
    oms_fulfillment_execute_ready_steps, oms_billing_activate, oms_order_complete;
grant insert on order_transition, audit_entry, domain_event, outbox_message to
    oms_order_validate_readiness, oms_order_decompose, oms_order_create_fulfillment_plan,
    oms_fulfillment_execute_ready_steps, oms_billing_activate, oms_order_complete;
grant select, insert on idempotency_record to
    oms_order_validate_readiness, oms_order_decompose, oms_order_create_fulfillment_plan,
    oms_fulfillment_execute_ready_steps, oms_billing_activate, oms_order_complete;

-- What one milestone needs beyond that.
grant select on product_catalogue to oms_order_decompose;
grant select, insert, update, delete on order_work_item to oms_order_decompose;
grant select, insert, update on platform_incident to oms_order_decompose;
grant select on order_work_item to oms_order_create_fulfillment_plan;
grant insert on fulfillment_plan, fulfillment_step to oms_order_create_fulfillment_plan;
grant update on order_line to oms_order_create_fulfillment_plan, oms_fulfillment_execute_ready_steps;
grant update on fulfillment_plan to oms_fulfillment_execute_ready_steps;
grant select, update on fulfillment_step to oms_fulfillment_execute_ready_steps;
grant select on target_system to oms_fulfillment_execute_ready_steps, oms_billing_activate;
grant select on fulfillment_step to oms_billing_activate;
grant select, insert, update on billing_activation to oms_billing_activate;
grant insert on customer_notification to oms_order_complete;

-- Communication: its own rows and its own requests.
grant select, update on customer_notification to oms_notification_send_order_update;
grant select, insert, update on external_request to oms_notification_send_order_update;
grant select on product_order, target_system to oms_notification_send_order_update;

-- Everything that recording a step outcome or opening its case writes.
grant select, update on product_order, order_line, fulfillment_plan, fulfillment_step to
    oms_fulfillment_step_executor, oms_callback_processor, oms_reconciliation;
grant select, insert, update on external_request, order_fallout_case, platform_incident to
    oms_fulfillment_step_executor, oms_callback_processor, oms_reconciliation;
grant insert on external_request_attempt, order_transition, audit_entry, domain_event to
    oms_fulfillment_step_executor, oms_callback_processor, oms_reconciliation;
grant select, insert, delete on outbox_message to
    oms_fulfillment_step_executor, oms_callback_processor, oms_reconciliation;
grant select on target_system to
    oms_fulfillment_step_executor, oms_callback_processor, oms_reconciliation;
grant select, insert, update on inbox_message to oms_callback_processor, oms_reconciliation;
grant select on inbox_message to oms_fulfillment_step_executor;
grant select, insert, update on workflow_correlation to oms_reconciliation;

-- Relay: deliveries and correlation; a delivered dispatch marks its step.
grant select, update, delete on outbox_message to oms_outbox_relay;
grant select, insert, update on workflow_correlation, platform_incident to oms_outbox_relay;
grant select on order_fallout_case, product_order to oms_outbox_relay;
grant select, update on fulfillment_step to oms_outbox_relay;

-- The read model.
grant select on product_order, order_line, order_work_item, fulfillment_plan, fulfillment_step, external_request,
    external_request_attempt, order_fallout_case, platform_incident, order_transition, audit_entry,
    domain_event, outbox_message, inbox_message, workflow_correlation, billing_activation,
    customer_notification, target_system
    to oms_operator_api;
