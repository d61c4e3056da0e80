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
