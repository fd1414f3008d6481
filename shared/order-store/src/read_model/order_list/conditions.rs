//! Conditions of the list, in the words of the partial indexes.
//!
//! Everywhere an order is `o`, a step is `x` and a case is `c`; the parameters are numbered as
//! `Parameters::in_order` puts them.

/// Steps that wait for their system.
macro_rules! waiting {
    () => {
        "x.status in ('READY', 'SUBMITTING', 'SUBMITTED', 'UNKNOWN')"
    };
}

/// Cases that somebody still has.
macro_rules! open {
    () => {
        "c.status not in ('RESOLVED', 'CANCELLED')"
    };
}

/// An open case that the filter wants.
macro_rules! wanted_case {
    () => {
        "c.tenant_id = $1 and c.status not in ('RESOLVED', 'CANCELLED')
             and ($10::text is null or c.assigned_group = $10) and ($11::text is null or c.assigned_user = $11)
             and ($12::text is null or c.reason_code = $12) and ($13::text is null or c.failure_signature = $13)
             and ($14::boolean is null or c.due_at < $4)"
    };
}

/// All signatures of a target system: '0' is what follows '/'.
macro_rules! about_system {
    () => {
        "c.failure_signature ~>=~ ($17::text || '/') and c.failure_signature ~<~ ($17::text || '0')"
    };
}

/// An order that people call so: number, customer and quote by their beginning, ids in full.
macro_rules! called {
    () => {
        "($7::text is null or o.order_number ~>=~ $7 and o.order_number ~<~ $8
             or o.customer_id ~>=~ $7 and o.customer_id ~<~ $8 or o.quote_id ~>=~ $7 and o.quote_id ~<~ $8
             or o.id = $9::uuid
             or o.id = any(array(select x.order_id from fulfillment_step x
                                 where x.tenant_id = $1 and x.external_reference = $7)))"
    };
}

/// Tests an order for its status.
macro_rules! if_status {
    () => {
        " and ($5::text is null or o.status = $5)"
    };
}

/// Tests an order for its names.
macro_rules! if_called {
    () => {
        concat!(" and ($6::text is null or o.quote_id = $6) and ", called!())
    };
}

/// Tests an order for an open case.
macro_rules! if_case {
    () => {
        " and (not $15::boolean or k.open_case is not null)"
    };
}

/// Tests an order for its waiting steps and how long it has not moved.
macro_rules! if_waiting {
    () => {
        concat!(
            " and ($16::integer is null or s.attempt_count >= $16)
              and ($17::text is null or s.waits_for_system or exists (
                  select from order_fallout_case c
                  where c.tenant_id = $1 and c.order_id = o.id and ",
            open!(),
            " and ",
            about_system!(),
            ")) and ($18::timestamptz is null or p.waiting_since <= $18)"
        )
    };
}

/// Tests an order for a key of a target system.
macro_rules! if_reference {
    () => {
        " and ($19::text is null or exists (select from fulfillment_step x
              where x.tenant_id = $1 and x.order_id = o.id and x.external_reference = $19))"
    };
}
