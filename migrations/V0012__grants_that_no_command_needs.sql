-- Why: the test that tries every other pair of role and command found grants that nothing uses; a role
-- keeps what its commands do (§37). Whoever adds a command that needs one grants it in its own file.
-- Compatible with: every release so far; none of its statements needs what goes.

-- Only the executor stores a new request id; the others record what became of one.
revoke insert on external_request from oms_callback_processor, oms_reconciliation;

-- The relay knows deliveries, correlations and steps; it reads no order and no case.
revoke select on order_fallout_case, product_order from oms_outbox_relay;

-- The read model shows neither configuration nor communication nor what the journals keep for audits.
revoke select on order_work_item, external_request_attempt, audit_entry, customer_notification, target_system
    from oms_operator_api;
