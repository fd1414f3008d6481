-- Why: operators look for orders by what they wait for, by who owns their case and by what people call
-- them (§30). Each question is answered from the rows that are open now, however many are finished.
-- Compatible with: the release before; a reference is found by its first column with either index.

-- Cases that somebody still has; an order's id says when it was made, so these walk newest first.
create index open_cases_of_a_group on order_fallout_case (tenant_id, assigned_group, order_id)
    where status not in ('RESOLVED', 'CANCELLED');
create index open_cases_of_a_user on order_fallout_case (tenant_id, assigned_user, order_id)
    where status not in ('RESOLVED', 'CANCELLED') and assigned_user is not null;
create index open_cases_of_a_reason on order_fallout_case (tenant_id, reason_code, order_id)
    where status not in ('RESOLVED', 'CANCELLED');
-- Begins with the target system, so that bytewise comparison finds all signatures of one.
create index open_cases_of_a_signature on order_fallout_case (tenant_id, failure_signature text_pattern_ops, order_id)
    where status not in ('RESOLVED', 'CANCELLED') and failure_signature is not null;
create index open_cases_by_age on order_fallout_case (tenant_id, opened_at, order_id)
    where status not in ('RESOLVED', 'CANCELLED');
create index open_cases_that_are_due on order_fallout_case (tenant_id, due_at, order_id)
    where status not in ('RESOLVED', 'CANCELLED') and due_at is not null;
-- For pages: what has no due time is due after all that has one. CASE and not COALESCE: row level security lets
-- the planner use an index expression only if nothing in it could tell a value.
create index open_cases_by_due_time on order_fallout_case (
    tenant_id, (case when due_at is null then timestamptz '9999-01-01 00:00:00+00' else due_at end), id)
    where status not in ('RESOLVED', 'CANCELLED');
-- A list of closed cases is asked for as well.
create index closed_cases_of_a_status on order_fallout_case (
    tenant_id, status, (case when due_at is null then timestamptz '9999-01-01 00:00:00+00' else due_at end), id)
    where status in ('RESOLVED', 'CANCELLED');

-- Steps that wait for their system.
create index waiting_steps_of_a_system on fulfillment_step (tenant_id, target_system, order_id)
    where status in ('READY', 'SUBMITTING', 'SUBMITTED', 'UNKNOWN');
-- By when they were sent first; of the few that were not sent yet, the row says since when they could be.
-- No index has updated_at: a step whose dependency was settled stays in its page, without index entries.
create index sent_steps_by_age on fulfillment_step (tenant_id, first_sent_at, order_id)
    where status in ('READY', 'SUBMITTING', 'SUBMITTED', 'UNKNOWN') and first_sent_at is not null;
create index unsent_steps on fulfillment_step (tenant_id, order_id)
    where status in ('READY', 'SUBMITTING', 'SUBMITTED', 'UNKNOWN') and first_sent_at is null;
create index retried_steps on fulfillment_step (tenant_id, attempt_count, order_id)
    where status in ('READY', 'SUBMITTING', 'SUBMITTED', 'UNKNOWN') and attempt_count > 1;
-- A person knows the reference but not whose it is; a callback knows both.
create index steps_of_a_reference on fulfillment_step (tenant_id, external_reference text_pattern_ops, target_system)
    where external_reference is not null;
drop index steps_by_external_reference;

-- What people call an order, by its beginning.
create index orders_of_a_number on product_order (tenant_id, order_number text_pattern_ops);
create index orders_of_a_quote on product_order (tenant_id, quote_id text_pattern_ops);
create index orders_of_a_customer on product_order (tenant_id, customer_id text_pattern_ops);
