-- Why: the calls about a communication are kept with its request, as those about a step are (§15 §23).
-- Compatible with: every release; older code writes none.

grant insert on external_request_attempt to oms_notification_send_order_update;
