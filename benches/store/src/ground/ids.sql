-- Ids in the order of their making, as version 7 gives them; `ground::id` makes the same.
create function bench_id(kind integer, number bigint) returns uuid language sql immutable as $$
    select (lpad(to_hex(kind), 8, '0') || '0000' || lpad(to_hex(number), 20, '0'))::uuid
$$;
