-- Invoices, and the payments that settle them: most in full, some in two parts, some not at all; one customer in twelve pays something on account.

insert into services.invoice (number, customer_id, project_id, issued_on, due_on, total)
select to_char(issued_on, 'YYYY') || '-' || pg_temp.digits(n, 4), project.customer_id, project.id, issued_on,
    issued_on + (array[14, 30, 30, 45])[1 + pg_temp.draw('terms ' || project.customer_id, 4)],
    round((400 + pg_temp.draw('invoice ' || n, 900) * (1 + pg_temp.draw('size ' || n, 40))) * 1.19, 2)
from generate_series(1, pg_temp.times(150)) as n
cross join lateral (select pg_temp.day_of(n, pg_temp.times(150))) as day (issued_on)
join services.project on project.code = 'P' || pg_temp.digits(1 + pg_temp.draw('invoiced ' || n, pg_temp.times(36)), 3);

select octavo.gather_statistics('services');

create temporary table sample_settlement on commit drop as
select invoice.id as invoice_id, invoice.customer_id, thursday.paid_on, case when part = 1 and parts = 2 then half when parts = 2 then invoice.total - half else invoice.total end as amount
from services.invoice
cross join lateral (select pg_temp.draw('pays ' || invoice.number, 100), round(invoice.total / 2, 2)) as fate (pays, half)
cross join lateral (select case when pays < 80 then 1 when pays < 93 then 2 else 0 end) as share (parts)
cross join lateral generate_series(1, parts) as part
cross join lateral (
    select invoice.due_on - 12 + pg_temp.draw('delay ' || invoice.number, 16) + pg_temp.draw('late ' || invoice.number, 3) * pg_temp.draw('later ' || invoice.number, 20) + (part - 1) * 35
) as wished (paid_on)
cross join lateral (select paid_on + mod(11 - extract(isodow from paid_on)::integer, 7)) as thursday (paid_on)
where thursday.paid_on < current_date;

analyze sample_settlement;

insert into services.payment (number, customer_id, received_on, method, amount)
select 'R' || pg_temp.digits(row_number() over (order by paid_on, customer.code), 4), customer.id, paid_on,
    (array['bank transfer', 'bank transfer', 'bank transfer', 'direct debit', 'card', 'cheque'])[1 + pg_temp.draw('method ' || customer.code, 6)],
    sum(amount) + case when pg_temp.draw('on account ' || customer.code || paid_on, 40) = 0 then 250 else 0 end
from sample_settlement
join services.customer on customer.id = sample_settlement.customer_id
group by customer.id, customer.code, paid_on;

select octavo.gather_statistics('services');

insert into services.payment_allocation (payment_id, invoice_id, amount)
select payment.id, settlement.invoice_id, settlement.amount
from sample_settlement as settlement
join services.payment on payment.customer_id = settlement.customer_id and payment.received_on = settlement.paid_on;
