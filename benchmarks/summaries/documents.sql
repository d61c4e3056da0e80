-- A services business in the numbers of the documents: 10,000 quotes, 5,000 invoices, 20,000 payments of them, 15,000 time entries, over
-- fourteen months up to yesterday, drawn from their numbers.

insert into services.customer (code, name) select 'C' || n, 'Customer ' || n from generate_series(1, 300) n;
insert into services.project (code, name, customer_id)
select 'P' || n, 'Project ' || n, customer.id from generate_series(1, 500) n join services.customer on customer.code = 'C' || (1 + n %% 300);
insert into services.person (code, name) select 'E' || n, 'Person ' || n from generate_series(1, 60) n;

insert into services.quote (number, customer_id, project_id, status, created_at, sent_at, valid_until, closed_at, amount)
select 'Q' || n, project.customer_id, project.id, fate.status, born.at, born.at + interval '2 hours', born.at::date + 30,
    case when fate.status <> 'sent' then born.at + make_interval(days => 1 + n * 7 %% 28, hours => n %% 9) end, 1000 + n * 37 %% 90000
from generate_series(1, 10000) n
cross join lateral (select (current_date - 425 + n * 389 / 10000)::timestamptz + make_interval(mins => 480 + n * 17 %% 540)) as born (at)
cross join lateral (select (array['accepted', 'accepted', 'rejected', 'expired', 'withdrawn', 'sent'])[1 + n %% 6]) as fate (status)
join services.project on project.code = 'P' || (1 + n * 31 %% 500);

insert into services.invoice (number, customer_id, project_id, issued_on, due_on, total)
select 'I' || n, project.customer_id, project.id, day.issued_on, day.issued_on + (array[14, 30, 45])[1 + n %% 3], 400 + n * 73 %% 40000
from generate_series(1, 5000) n
cross join lateral (select current_date - 425 + n * 420 / 5000) as day (issued_on)
join services.project on project.code = 'P' || (1 + n * 29 %% 500);

-- Four parts of every invoice, a fifth of it each, and the last of nine in ten is what is left.
insert into services.payment (number, customer_id, received_on, method, amount)
select invoice.number || '/' || part, invoice.customer_id, least(invoice.issued_on + part * 9 + invoice.id::integer %% 11, current_date - 1),
    (array['bank transfer', 'direct debit', 'card'])[1 + part %% 3], case when part = 4 and invoice.id %% 10 > 0 then 0.4 else 0.2 end * invoice.total
from services.invoice cross join generate_series(1, 4) part;
insert into services.payment_allocation (payment_id, invoice_id, amount)
select payment.id, invoice.id, payment.amount from services.payment join services.invoice on invoice.number = split_part(payment.number, '/', 1);

insert into services.time_entry (number, person_id, project_id, worked_on, hours, status, submitted_at, decided_at, decided_by)
select 'T' || n, person.id, project.id, day.worked_on, 1 + n %% 8, fate.status, given.at,
    case when fate.status in ('approved', 'rejected') then given.at + make_interval(days => n * 3 %% 12, hours => 1) end,
    case when fate.status in ('approved', 'rejected') then person.id end
from generate_series(1, 15000) n
cross join lateral (select current_date - 425 + n * 405 / 15000) as day (worked_on)
cross join lateral (select (day.worked_on + 1)::timestamptz + interval '9 hours') as given (at)
cross join lateral (select (array['approved', 'approved', 'approved', 'rejected', 'submitted'])[1 + n %% 5]) as fate (status)
join services.person on person.code = 'E' || (1 + n %% 60)
join services.project on project.code = 'P' || (1 + n * 23 %% 500);
