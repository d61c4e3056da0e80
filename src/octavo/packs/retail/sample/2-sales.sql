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
