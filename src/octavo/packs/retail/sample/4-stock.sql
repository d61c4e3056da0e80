-- Stock: each sale takes from its store and each return gives back; half a year's sales were bought at the beginning and half in the middle,
-- a little more than was sold, at prices that move. Some goes back to the vendor, from one store to another, or is missed when counted.

create temporary table sample_movement on commit drop as
select sale.store_id, line.stock_code, line.sold_at as moved_at, -line.quantity as quantity, sale.id as sale_id, sale.invoice_number as reference,
    line.sold_at < date_trunc('day', now()) - interval '213 days' as early
from retail.sale_line as line
join retail.sale on sale.id = line.sale_id;

create temporary table sample_item on commit drop as
select store.id as store_id, store.code, product.stock_code, product.unit_cost,
    coalesce(sum(-quantity) filter (where early and quantity < 0), 0) as early, coalesce(sum(-quantity) filter (where not early and quantity < 0), 0) as late
from retail.store
cross join retail.product
left join sample_movement as movement on movement.store_id = store.id and movement.stock_code = product.stock_code
group by store.id, store.code, product.stock_code, product.unit_cost;

analyze sample_item;
analyze sample_movement;

insert into retail.stock_movement (store_id, stock_code, moved_at, kind, quantity, unit_cost, sale_id, reference)
select store_id, stock_code, moved_at, kind, quantity, unit_cost, sale_id, reference
from (
    select store_id, stock_code, date_trunc('day', now()) - interval '430 days' as moved_at, 'receipt' as kind,
        early + 1 + pg_temp.draw(concat('opening ', code, ' ', stock_code), 6) as quantity, unit_cost, null::bigint as sale_id, 'B1' || stock_code as reference
    from sample_item
    union all
    select store_id, stock_code, date_trunc('day', now()) - interval '213 days', 'receipt', late + pg_temp.draw(concat('second ', code, ' ', stock_code), 8),
        round(unit_cost * (94 + pg_temp.draw('price ' || stock_code, 17)) / 100, 2), null, 'B2' || stock_code
    from sample_item
    where late + pg_temp.draw(concat('second ', code, ' ', stock_code), 8) > 0
    union all
    select store_id, stock_code, moved_at, case when quantity < 0 then 'sale' else 'customer return' end, quantity, null, sale_id, reference
    from sample_movement
) as movement
order by moved_at, store_id, stock_code, reference;

insert into retail.stock_movement (store_id, stock_code, moved_at, kind, quantity, reference)
select moving.store_id, stock_code, date_trunc('day', now()) - interval '14 hours', moving.kind, moving.quantity, moving.reference
from (
    select store_id, stock_code, sum(quantity) as quantity, pg_temp.draw(concat('moves ', store_id - first_value(store_id) over (order by store_id), ' ', stock_code), 10) as fate
    from retail.stock_movement
    group by store_id, stock_code
) as stock
cross join lateral (
    select 'vendor return', -1, store_id, 'V' || stock_code where fate = 0 and stock.quantity >= 2
    union all select 'adjustment', -1, store_id, 'count' where fate = 1 and stock.quantity >= 1
    union all select 'transfer', -1, store_id, 'T' || stock_code where fate = 2 and stock.quantity >= 2
    union all select 'transfer', 1, (select min(other.id) from retail.store as other where other.id <> stock.store_id), 'T' || stock_code where fate = 2 and stock.quantity >= 2
) as moving (kind, quantity, store_id, reference)
order by stock_code, moving.store_id, moving.kind;

update retail.product set barcode = '40' || lpad(stock_code, 10, '0'), reorder_level = 2 + pg_temp.draw('reorder ' || stock_code, 3);
