-- A shop that does not exist: 3 stores, 60 customers, 80 products, 400 sales over the 14 months up to yesterday, what came back, what was sold on
-- account, the stock that moved, and what people did; customers and sales times %(factor)s.
-- Everything is drawn from seed %(seed)s (1: a home-ware shop in Germany, 2: a stationer in the United Kingdom). Tax is 20 per cent.

select octavo.refuse('the sample shop needs an organization without sales of its own') where exists (select from retail.sale);

create function pg_temp.draw(what text, choices integer) returns integer language sql immutable
return mod(('x' || left(md5(concat_ws('/', %(seed)s, what)), 8))::bit(32)::bigint, choices)::integer;

create function pg_temp.times(n integer) returns integer language sql stable
return n * %(factor)s;

create function pg_temp.digits(n bigint, fewest integer) returns text language sql immutable
return lpad(n::text, greatest(fewest, length(n::text)), '0');

insert into retail.store (code, name)
select code, case %(seed)s when 1 then german else british end
from (values ('S1', 'Speicherstadt', 'Albert Dock'), ('S2', 'Altona', 'Bold Street'), ('S3', 'Lübeck', 'Chester')) as place (code, german, british);

insert into retail.customer (number, name)
select pg_temp.digits(n, 4),
    (array['Amelia', 'Björn', 'Chiara', 'Dmitri', 'Elif', 'Françoise', 'George', 'Hana', 'Ingrid', 'João'])[1 + pg_temp.draw('first ' || n, 10)]
    || ' ' ||
    (array['Ackermann', 'Brown', 'Castellano', 'Dubois', 'Eriksen', 'Fischer', 'García', 'Hughes', 'Ivanova', 'Janssen', 'Kowalska', 'O''Neill'])[1 + pg_temp.draw('last ' || n, 12)]
from generate_series(1, pg_temp.times(60)) as n;

insert into retail.product (stock_code, name, category, unit_cost, unit_price)
select stock_code, name, category, unit_cost, round(unit_cost * (150 + pg_temp.draw('markup ' || stock_code, 90)) / 100, 1) - 0.05
from (
    select lpad((kind.n * 100 + style.n)::text, 4, '0') as stock_code, concat(style.name, ' ', kind.name) as name, kind.category,
        round((80 + pg_temp.draw(concat('cost ', kind.n, ' ', style.n), 900)) / 100.0, 2) as unit_cost
    from (values
        (1, 1, 'lantern', 'Light'), (1, 2, 'table lamp', 'Light'), (1, 3, 'tea towel', 'Kitchen'), (1, 4, 'bread bin', 'Kitchen'),
        (1, 5, 'teapot, 0.8 l', 'Kitchen'), (1, 6, 'cushion', 'Textiles'), (1, 7, 'throw', 'Textiles'), (1, 8, 'picture frame', 'Walls'),
        (1, 9, 'wall clock', 'Walls'), (1, 10, 'storage basket', 'Storage'),
        (2, 1, 'notebook', 'Paper'), (2, 2, 'card 7" x 5"', 'Paper'), (2, 3, 'wrapping paper, 2 m', 'Paper'), (2, 4, 'fountain pen', 'Writing'),
        (2, 5, 'pencil set', 'Writing'), (2, 6, 'ink bottle', 'Writing'), (2, 7, 'desk tray', 'Desk'), (2, 8, 'ring binder', 'Desk'),
        (2, 9, 'calendar', 'Calendars'), (2, 10, 'pocket diary', 'Calendars')
    ) as kind (seed, n, name, category)
    cross join (values (1, 'Blue'), (2, 'Café crème'), (3, 'Coral'), (4, 'Forest green'), (5, 'Ivory'), (6, 'Midnight'), (7, 'Ochre'), (8, 'Slate')) as style (n, name)
    where kind.seed = %(seed)s
) as assortment;

insert into retail.sale (invoice_number, sold_at, store_id, customer_id, country, status)
select concat('1', pg_temp.digits(n, 5)),
    date_trunc('day', now()) - make_interval(days => 426 - (n::bigint * 425 / pg_temp.times(400))::integer)
        + make_interval(hours => 9 + pg_temp.draw('hour ' || n, 10), mins => pg_temp.draw('minute ' || n, 60)),
    store.id, customer.id,
    case when customer.id is not null and mod(customer.number::integer, 4) = 0
        then (array['Austria', 'Denmark', 'France', 'Ireland', 'Netherlands', 'Sweden'])[1 + pg_temp.draw('country ' || customer.number, 6)]
        else case %(seed)s when 1 then 'Germany' else 'United Kingdom' end end,
    case when customer.id is not null and pg_temp.draw('credit ' || n, 100) < 7 then 'credit' else 'completed' end
from generate_series(1, pg_temp.times(400)) as n
join retail.store on store.code = 'S' || (1 + pg_temp.draw('store ' || n, 3))
left join retail.customer on customer.number = pg_temp.digits(1 + pg_temp.draw('customer ' || n, pg_temp.times(80)), 4);

-- Without statistics the planner would take these tables for small, and join them row by row.
select octavo.gather_statistics('retail');

-- 17 has no divisor in common with the 80 products, so that no product comes twice in a sale.
insert into retail.sale_line (sale_id, line_number, stock_code, description, quantity, unit_price, unit_cost, sold_at)
select sale.id, line.number, product.stock_code, product.name, 1 + pg_temp.draw(concat('quantity ', sale.invoice_number, ' ', line.number), 6),
    product.unit_price, product.unit_cost, sale.sold_at
from retail.sale
cross join lateral generate_series(1, 2 + pg_temp.draw('lines ' || sale.invoice_number, 7)) as line (number)
join (select *, row_number() over (order by stock_code) - 1 as place from retail.product) as product
    on product.place = mod(pg_temp.draw('product ' || sale.invoice_number, 80) + 17 * line.number, 80);

select octavo.gather_statistics('retail');

update retail.sale set discount = round(revenue * (5 + 5 * pg_temp.draw('rate ' || invoice_number, 2)) / 100, 2)
where pg_temp.draw('discount ' || invoice_number, 100) < 15;

-- Something of one sale in twenty comes back three days later: its first line, at the price that was paid.
insert into retail.sale (invoice_number, sold_at, store_id, customer_id, country, kind)
select 'C' || invoice_number, sold_at + interval '3 days', store_id, customer_id, country, 'cancellation'
from retail.sale
where pg_temp.draw('return ' || invoice_number, 20) = 0 and discount = 0 and status = 'completed' and sold_at < now() - interval '4 days';

insert into retail.sale_line (sale_id, line_number, stock_code, description, quantity, unit_price, unit_cost, sold_at)
select back.id, 1, line.stock_code, line.description, -line.quantity, line.unit_price, line.unit_cost, back.sold_at
from retail.sale as back
join retail.sale on back.invoice_number = 'C' || sale.invoice_number
join retail.sale_line as line on line.sale_id = sale.id and line.line_number = 1;

update retail.sale set tax = round((revenue - discount) * 0.20, 2);

insert into retail.payment (sale_id, paid_at, method, amount)
select id, sold_at, (array['card', 'card', 'card', 'cash', 'voucher'])[1 + pg_temp.draw('method ' || invoice_number, 5)], total
from retail.sale_figures where kind = 'sale' and status = 'completed';

-- Of what was sold on account, half has been paid after a fortnight by every other customer.
insert into retail.payment (sale_id, paid_at, method, amount)
select id, sold_at + interval '14 days', 'transfer', round(total / 2, 2)
from retail.sale_figures where status = 'credit' and pg_temp.draw('paid ' || invoice_number, 2) = 0 and sold_at < now() - interval '15 days';

insert into retail.refund (sale_id, refunded_at, method, amount)
select id, sold_at, 'card', -total from retail.sale_figures where kind = 'cancellation';


-- Customers in full, and the accounts of those who buy on account: a payment on account here, a credit there, a rest that is written off.

update retail.customer set
    customer_type = case when mod(number::integer, 5) = 0 then 'wholesale' else 'retail' end,
    email = 'customer-' || number || '@example.org',
    phone = '+44 20 7946 0' || lpad(pg_temp.draw('phone ' || number, 1000)::text, 3, '0'),
    address = 1 + pg_temp.draw('house ' || number, 90) || ' ' || (array['Harbour Street', 'Mill Lane', 'Am Markt', 'Lindenweg', 'Rue du Port'])[1 + pg_temp.draw('street ' || number, 5)],
    since = current_date - 500 - pg_temp.draw('since ' || number, 2000),
    active = pg_temp.draw('active ' || number, 12) > 0,
    blocked = pg_temp.draw('blocked ' || number, 20) = 0,
    credit_limit = case when mod(number::integer, 5) = 0 then 1000 else 250 end,
    payment_days = case when mod(number::integer, 5) = 0 then 45 else 30 end;

update retail.sale set due_on = sold_at::date + payment_days
from retail.customer
where customer.id = sale.customer_id and status = 'credit';

-- Wholesale customers buy on account, and pay three to nine weeks later: what they have not paid yet is still owed.
update retail.sale set due_on = sold_at::date + payment_days
from retail.customer
where customer.id = sale.customer_id and customer_type = 'wholesale' and sale.kind = 'sale' and sale.status = 'completed';

update retail.payment set paid_at = sold_at + make_interval(days => 20 + pg_temp.draw('pays ' || invoice_number, 45)), method = 'transfer'
from retail.sale
where sale.id = payment.sale_id and sale.due_on is not null and sale.status = 'completed';

update retail.sale set status = 'credit' where id in (select sale_id from retail.payment where paid_at > now());
delete from retail.payment where paid_at > now();

insert into retail.account_posting (customer_id, sale_id, posted_at, kind, amount, reference)
select customer_id, null, sold_at + interval '20 days', (array['payment on account', 'credit'])[1 + pg_temp.draw('posting ' || invoice_number, 2)],
    -10 - pg_temp.draw('posted ' || invoice_number, 40), 'A' || invoice_number
from retail.sale
where due_on is not null and pg_temp.draw('posts ' || invoice_number, 4) = 0 and sold_at < now() - interval '21 days';

insert into retail.account_posting (customer_id, sale_id, posted_at, kind, amount, reference)
select customer_id, id, sold_at + interval '200 days', 'write-off', paid - (revenue - discount + tax), invoice_number
from retail.sale
where status = 'credit' and paid > 0 and pg_temp.draw('writes off ' || invoice_number, 2) = 0 and sold_at < now() - interval '201 days';


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


-- What people did: four people at the tills, one in the office, and the system at night.

insert into retail.audit_event (occurred_at, event_type, user_id, user_name, user_email, ip_address, user_agent, sale_id, customer_id, description, details)
select occurred_at, event_type, person.id, person.name, person.id || '@example.org',
    case when person.id is not null then ('192.0.2.' || 10 + person.n)::inet end, case when person.id is not null then 'Till 4.2 (Linux)' end, sale_id, customer_id, description, details
from (
    select sold_at as occurred_at, case when kind = 'cancellation' then 'sale.cancelled' when status = 'credit' then 'sale.on_account' else 'sale.completed' end as event_type,
        1 + pg_temp.draw('till ' || invoice_number, 4) as n, id as sale_id, customer_id, 'Invoice ' || invoice_number as description,
        jsonb_build_object('lines', lines, 'total', revenue - discount + tax, 'discount', discount > 0) as details
    from retail.sale
    union all
    select posted_at, 'account.' || replace(kind, ' ', '_'), 5, sale_id, account_posting.customer_id, 'Account of customer ' || number, jsonb_build_object('amount', account_posting.amount, 'reference', reference)
    from retail.account_posting
    join retail.customer on customer.id = account_posting.customer_id
    union all
    select date_trunc('day', now()) + interval '11 hours' - make_interval(days => 20 + pg_temp.draw('limit ' || number, 300)), case when blocked then 'customer.blocked' else 'customer.limit_changed' end, 5, null, id, 'Customer ' || number,
        jsonb_build_object('credit_limit', jsonb_build_object('before', round(credit_limit / 2, 2), 'after', credit_limit), 'approved', true)
    from retail.customer
    where blocked or mod(number::integer, 5) = 0
    union all
    select moved_at, 'stock.' || replace(kind, ' ', '_'), case when kind = 'adjustment' then null else 5 end, null, null, 'Product ' || stock_code, jsonb_build_object('quantity', quantity, 'store', store.code)
    from retail.stock_movement
    join retail.store on store.id = stock_movement.store_id
    where kind in ('vendor return', 'adjustment', 'transfer')
) as event
left join (values (1, 'till-1', 'Ada Berg'), (2, 'till-2', 'Bo Chen'), (3, 'till-3', 'Cleo Dunn'), (4, 'till-4', 'Dan Elsner'), (5, 'office', 'Eve Frank')) as person (n, id, name) using (n)
order by occurred_at, event_type collate "C", description collate "C", details::text collate "C";

drop function pg_temp.draw(text, integer);
drop function pg_temp.times(integer);
drop function pg_temp.digits(bigint, integer);

select octavo.gather_statistics('retail');
