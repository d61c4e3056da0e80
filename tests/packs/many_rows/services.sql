-- Another organization with 10,500 rows in every table of the services pack, each of them whole.
-- The numbers from 1 to 10,500 are the ids; what points to something points to that of its own number.

insert into services.customer (id, code, name) select n, n, 'Customer ' || n from generate_series(1, 10500) as n;
insert into services.project (id, code, name, customer_id) select n, n, 'Project ' || n, n from generate_series(1, 10500) as n;
insert into services.person (id, code, name) select n, n, 'Person ' || n from generate_series(1, 10500) as n;
insert into services.quote (id, number, customer_id, project_id, status, created_at, sent_at, valid_until, closed_at, amount)
select n, n, n, n, 'accepted', day, day, day::date + 30, day + interval '9 days', n
from generate_series(1, 10500) as n cross join lateral (select timestamptz '2025-01-01 09:00+00' + n * interval '1 hour') as made (day);
insert into services.invoice (id, number, customer_id, project_id, issued_on, due_on, total)
select n, n, n, n, date '2025-01-01' + n % 400, date '2025-02-01' + n % 400, 100 from generate_series(1, 10500) as n;
insert into services.payment (id, number, customer_id, received_on, method, amount)
select n, n, n, date '2025-01-15' + n % 400, 'card', 60 from generate_series(1, 10500) as n;
insert into services.payment_allocation (payment_id, invoice_id, amount) select n, n, 50 from generate_series(1, 10500) as n;
insert into services.time_entry (id, number, person_id, project_id, worked_on, hours, status, submitted_at, decided_at, decided_by)
select n, n, n, n, date '2025-01-01' + n % 400, 8, 'approved', day, day + interval '2 days', n
from generate_series(1, 10500) as n cross join lateral (select (date '2025-01-02' + n % 400)::timestamptz) as submitted (day);

select octavo.gather_statistics('services');
