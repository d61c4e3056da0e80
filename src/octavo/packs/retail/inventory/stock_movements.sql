-- The average runs over all movements of a product from the first; only then are those chosen that are listed.
select movement.moved_at, item.store_code, movement.stock_code, item.name, movement.kind, movement.reference, movement.quantity, movement.unit_cost,
    (movement.state)[1] as quantity_after, (movement.state)[2] as average_after, round((movement.state)[1] * (movement.state)[2], 2) as value_after
from (
    select *, retail.average_cost(quantity, unit_cost) over (partition by stock_code order by moved_at, id rows unbounded preceding) as state
    from retail.stock_movement
    where moved_at < %(as_of_until)s
) as movement
join retail.store on store.id = movement.store_id
join base as item on item.store_code = store.code and item.stock_code = movement.stock_code
where %(include_movements)s
    and (%(period_from)s::timestamptz is null or movement.moved_at >= %(period_from)s)
    and (%(period_until)s::timestamptz is null or movement.moved_at < %(period_until)s)
order by movement.moved_at, movement.id
