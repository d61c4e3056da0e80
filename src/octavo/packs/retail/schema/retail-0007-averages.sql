-- Only what comes in at a price changes an average: the others are only counted, which Postgres does by itself. What is told is the same.

create function retail.average_of_receipts_step(average numeric, before numeric, quantity numeric, unit_cost numeric) returns numeric
language plpgsql immutable parallel safe
as $$
begin
    if before <= 0 or average is null then
        return unit_cost;
    end if;
    return round((before * average + quantity * unit_cost) / (before + quantity), 6);
end $$;

create aggregate retail.average_of_receipts(before numeric, quantity numeric, unit_cost numeric) (sfunc = retail.average_of_receipts_step, stype = numeric);

comment on aggregate retail.average_of_receipts(numeric, numeric, numeric) is
    'AVCO as retail.average_cost, over what came in at a price alone, in order of time, each with the quantity that was there before it.';

create or replace function retail.stock_valued(as_of date) returns table (
    store_id bigint, stock_code text, quantity numeric, unit_cost numeric, last_moved_at timestamptz
)
language sql stable parallel safe
as $$
    with moved as materialized (
        select store_id, stock_code, moved_at, id, quantity, unit_cost,
            sum(quantity) over (partition by stock_code order by moved_at, id rows unbounded preceding) - quantity as before
        from retail.stock_movement
        where moved_at < (as_of + 1)::timestamptz
    )
    select movement.store_id, movement.stock_code, movement.quantity, average.unit_cost, movement.last_moved_at
    from (
        select store_id, stock_code, sum(quantity) as quantity, max(moved_at) as last_moved_at from moved group by store_id, stock_code
    ) as movement
    left join (
        select stock_code, retail.average_of_receipts(before, quantity, unit_cost order by moved_at, id) as unit_cost
        from moved
        where unit_cost is not null and quantity > 0
        group by stock_code
    ) as average on average.stock_code = movement.stock_code
$$;

revoke execute on function
    retail.average_of_receipts_step(numeric, numeric, numeric, numeric), retail.average_of_receipts(numeric, numeric, numeric)
from public;
grant execute on function
    retail.average_of_receipts_step(numeric, numeric, numeric, numeric), retail.average_of_receipts(numeric, numeric, numeric)
to octavo_app, octavo_reader;
