-- Why: a list of the orders of one status walked the tenant's orders, newest first, until it had found
-- enough of them; of a rare status it read them all.
-- Compatible with: the release before; no statement changes.

-- Not partial: a list of completed or failed orders is asked for as well.
create index orders_of_a_status on product_order (tenant_id, status, created_at desc, id desc);
