//! The statements of the list: a beginning for each way to find orders, and one ending.
//!
//! A beginning yields orders, newest first, from an index over what is open now; the ending tells all
//! that a row answers and tests what is left of the filter. One beginning for everything would not
//! do: of `null or exists (…)` the planner makes a test of every order, not a way to find one. An
//! optional condition on a column is no such thing, because every execution is planned with its
//! values: what is null is left out.
//!
//! Where nothing is left to test, the page ends in the beginning (`$20`), so that its rows alone are
//! told, whatever the planner thinks. A test does not repeat what its beginning guarantees, or the
//! planner believes in far fewer rows and reads them all.
//!
//! Invariant: what finds rows is compared by operators that tell nothing (`leakproof`); row level
//! security keeps any other from an index.

/// All that a row answers, for the orders of a beginning that pass the tests.
macro_rules! rows_of {
    ($beginning:expr, $tests:expr, $newest_first:literal) => {
        concat!(
            r"
    select o.id, o.order_number, o.quote_id, o.quote_revision, o.customer_id, o.status, o.version,
           o.open_blocking_case_count, o.created_at, o.updated_at, o.completed_at,
           w.process_instance_id, p.waiting_since, k.open_case, s.failed_step, s.last_external_reference,
           case when p.is_live then s.waiting_for end as waiting_for,
           case when p.is_live then s.retry end as retry,
           (select (t.settings -> 'retryPolicy' ->> 'maxAttempts')::integer from target_system t
            where t.tenant_id = $1 and t.system = s.retry ->> 'target_system') as max_attempts
    from (",
            $beginning,
            r") d
    join product_order o on o.tenant_id = $1 and o.id = d.order_id
    left join workflow_correlation w on w.tenant_id = $1 and w.subject_type = 'ORDER'
        and w.subject_id = o.id and w.process_key = 'order-fulfillment'
    cross join lateral (
        select min(x.since) filter (where x.is_waiting) as waiting_since,
               max(x.attempt_count) filter (where x.is_waiting) as attempt_count,
               bool_or(x.is_waiting and x.target_system = $17) as waits_for_system,
               json_agg(json_build_object('target_system', x.target_system, 'step_key', x.step_key,
                   'operation', x.operation, 'status', x.status, 'since', x.since)
                   order by x.since, x.id) filter (where x.is_waiting) -> 0 as waiting_for,
               json_agg(json_build_object('target_system', x.target_system, 'step_key', x.step_key,
                   'attempt', x.attempt_count, 'next_attempt_at',
                   case when x.status = 'READY' then x.next_attempt_at end)
                   order by x.attempt_count desc, x.since, x.id) filter (where x.is_waiting
                       and (x.attempt_count > 1 or x.attempt_count = 1 and x.status = 'READY')) -> 0 as retry,
               json_agg(json_build_object('target_system', x.target_system, 'step_key', x.step_key,
                   'operation', x.operation, 'failure_code', x.failure_code, 'failed_at', x.updated_at)
                   order by x.updated_at desc, x.id) filter (where x.status = 'FAILED') -> 0 as failed_step,
               json_agg(json_build_object('target_system', x.target_system, 'step_key', x.step_key,
                   'external_reference', x.external_reference, 'recorded_at', x.answered_at)
                   order by x.answered_at desc nulls last, x.id)
                   filter (where x.external_reference is not null) -> 0 as last_external_reference
        from (select x.id, x.target_system, x.step_key, x.operation, x.status, x.attempt_count,
                     coalesce((select b.next_move_at from target_system_circuit b
                               where b.tenant_id = $1 and b.system = x.target_system
                                 and x.circuit_wait = 'WAITING'), x.next_attempt_at) as next_attempt_at,
                     x.failure_code, x.updated_at, x.external_reference, ",
            waiting!(),
            r" as is_waiting, coalesce(x.first_sent_at, x.updated_at) as since, r.updated_at as answered_at
              from fulfillment_step x
              left join external_request r on r.tenant_id = $1 and r.request_id = x.request_id
                  and x.external_reference is not null
              where x.tenant_id = $1 and x.order_id = o.id) x) s
    cross join lateral (
        select min(c.opened_at) as opened_at
        from order_fallout_case c
        where c.tenant_id = $1 and c.order_id = o.id and c.is_blocking and ",
            open!(),
            r") b
    cross join lateral (
        -- Nothing waits in an order that is over; a system's time and a person's both count.
        select l.is_live, case when not l.is_live then null
                   when s.waiting_since is null and b.opened_at is null then o.updated_at
                   else least(s.waiting_since, b.opened_at) end as waiting_since
        from (select o.status not in ('COMPLETED', 'CANCELLED', 'FAILED') as is_live) l) p
    left join lateral (
        select json_build_object('fallout_case_id', c.id, 'status', c.status, 'severity', c.severity,
                   'reason_code', c.reason_code, 'failure_signature', c.failure_signature,
                   'is_blocking', c.is_blocking, 'owner_group', c.assigned_group, 'owner_user', c.assigned_user,
                   'version', c.version, 'opened_at', c.opened_at, 'due_at', c.due_at,
                   'is_overdue', coalesce(c.due_at < $4, false)) as open_case
        from order_fallout_case c
        where c.order_id = o.id and ",
            wanted_case!(),
            r"
        order by c.is_blocking desc, c.due_at, c.opened_at, c.id
        limit 1) k on true
    where true",
            $tests,
            " order by ",
            $newest_first,
            " limit $2"
        )
    };
}

/// Each order once, newest first, from the cursor on: an order's id begins with its time.
macro_rules! from_cursor {
    ($orders:expr) => {
        concat!(
            "select distinct f.order_id from (",
            $orders,
            ") f where ($3::uuid is null or f.order_id < $3) order by f.order_id desc limit $20::bigint"
        )
    };
}

/// All orders or those of one status, from `product_order_newest` or `orders_of_a_status`: a late
/// page costs what the first one costs.
pub(crate) const LIST_ORDERS: &str = rows_of!(
    r"select o.id as order_id, o.created_at from product_order o
      where o.tenant_id = $1 and ($5::text is null or o.status = $5)
        and ($21::timestamptz is null or (o.created_at, o.id) < ($21, $3::uuid))
      order by o.created_at desc, o.id desc
      limit $20::bigint",
    concat!(if_called!(), if_case!(), if_waiting!(), if_reference!()),
    "d.created_at desc, d.order_id desc"
);

/// By quote, or by what people call an order: three indexes together, or the orders themselves,
/// newest first, where a beginning fits so many of them that this is shorter.
pub(crate) const LIST_CALLED: &str = rows_of!(
    concat!(
        r"select o.id as order_id from product_order o
          where o.tenant_id = $1 and ($3::uuid is null or o.id < $3)
            and ($5::text is null or o.status = $5) and ($6::text is null or o.quote_id = $6) and ",
        called!(),
        " order by o.id desc limit $20::bigint"
    ),
    concat!(if_case!(), if_waiting!(), if_reference!()),
    "d.order_id desc"
);

/// By a key of a target system, from `steps_of_a_reference`.
pub(crate) const LIST_OF_REFERENCE: &str = rows_of!(
    from_cursor!(
        "select x.order_id from fulfillment_step x where x.tenant_id = $1 and x.external_reference = $19"
    ),
    concat!(if_status!(), if_called!(), if_case!(), if_waiting!()),
    "d.order_id desc"
);

/// By an open case: its group, user, reason, signature or due time, each with its index.
pub(crate) const LIST_WITH_CASE: &str = rows_of!(
    from_cursor!(concat!("select c.order_id from order_fallout_case c where ", wanted_case!())),
    concat!(" and $15::boolean", if_status!(), if_called!(), if_waiting!(), if_reference!()),
    "d.order_id desc"
);

/// By the attempts of a waiting step, from `retried_steps`.
pub(crate) const LIST_RETRIED: &str = rows_of!(
    from_cursor!(concat!(
        "select x.order_id from fulfillment_step x where x.tenant_id = $1 and ",
        waiting!(),
        " and x.attempt_count > 1 and x.attempt_count >= $16"
    )),
    concat!(if_status!(), if_called!(), if_case!(), if_waiting!(), if_reference!()),
    "d.order_id desc"
);

/// By target system: it is waited for, or an open case is about it. Each half ends by itself, so that
/// a system that many wait for costs no more than another.
pub(crate) const LIST_OF_SYSTEM: &str = rows_of!(
    from_cursor!(concat!(
        "(select distinct x.order_id from fulfillment_step x
          where x.tenant_id = $1 and x.target_system = $17 and ($3::uuid is null or x.order_id < $3) and ",
        waiting!(),
        " order by x.order_id desc limit $20::bigint)
          union all
          (select distinct c.order_id from order_fallout_case c
           where c.tenant_id = $1 and ($3::uuid is null or c.order_id < $3) and ",
        open!(),
        " and ",
        about_system!(),
        " order by c.order_id desc limit $20::bigint)"
    )),
    concat!(if_status!(), if_called!(), if_case!(), if_waiting!(), if_reference!()),
    "d.order_id desc"
);

/// By how long an order has not moved: a step waits so long, a blocking case is open so long, or the
/// process has had the order so long, before its plan was released or when no system has it.
pub(crate) const LIST_STUCK: &str = rows_of!(
    from_cursor!(concat!(
        "select x.order_id from fulfillment_step x where x.tenant_id = $1 and x.first_sent_at <= $18 and ",
        waiting!(),
        " union all
          select x.order_id from fulfillment_step x where x.tenant_id = $1 and x.first_sent_at is null
              and x.updated_at <= $18 and ",
        waiting!(),
        " union all
          select c.order_id from order_fallout_case c where c.tenant_id = $1 and c.opened_at <= $18 and ",
        open!(),
        " union all
          select o.id from product_order o where o.tenant_id = $1 and o.created_at <= $18
              and o.status in ('CREATED', 'VALIDATED', 'DECOMPOSED', 'FULFILLMENT_IN_PROGRESS', 'PARTIALLY_FULFILLED')
              and not exists (select from fulfillment_step x where x.tenant_id = $1 and x.order_id = o.id and ",
        waiting!(),
        ")"
    )),
    concat!(if_status!(), if_called!(), if_case!(), if_waiting!(), if_reference!()),
    "d.order_id desc"
);
