,
said as (
    insert into inbox_message (tenant_id, system, message_id, digest, verdict, request_id,
        external_reference, fulfillment_step_id, received_at, applied_at)
    select 'acme', 'LOGISTICS', 'msg_' || k.message, $11, 'APPLIED', k.request_id, 'EXT-' || k.message,
        k.step_id, $10, $10
    from k on conflict do nothing)
