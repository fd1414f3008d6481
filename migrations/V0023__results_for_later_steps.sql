-- Why: what a step is told may come from the result of a step that it waits for; the plan says from whose,
-- and the value is put into the payload when that step is settled.
-- Compatible with: the release before; the new column is nullable.

alter table fulfillment_step
    -- Payload name → {stepKey, field, isOptional}; absent where the step needs no result.
    add column needed_results jsonb;
