-- Another organization with 10,500 rows in every table of the retail pack, each of them whole.
-- The numbers from 1 to 10,500 are the ids; what points to something points to that of its own number.

insert into retail.store (id, code, name) select n, n, 'Store ' || n from generate_series(1, 10500) as n;
insert into retail.customer (id, number, name) select n, n, 'Customer ' || n from generate_series(1, 10500) as n;
insert into retail.product (id, stock_code, name, category, unit_cost, unit_price) select n, n, 'Item ' || n, 'C', 1, 2 from generate_series(1, 10500) as n;
insert into retail.sale (id, invoice_number, sold_at, store_id, customer_id, country, status, due_on)
select n, n, timestamptz '2025-01-01 09:00+00' + n * interval '1 hour', n, n, 'Germany', 'credit', date '2025-02-01' + n % 400 from generate_series(1, 10500) as n;
insert into retail.sale_line (sale_id, line_number, stock_code, description, quantity, unit_price, unit_cost, sold_at)
select n, 1, n, 'As printed', 3, 2, 1, timestamptz '2025-01-01 09:00+00' + n * interval '1 hour' from generate_series(1, 10500) as n;
insert into retail.payment (id, sale_id, paid_at, method, amount)
select n, n, timestamptz '2025-01-20 09:00+00' + n * interval '1 hour', 'card', 2 from generate_series(1, 10500) as n;
insert into retail.refund (id, sale_id, refunded_at, method, amount)
select n, n, timestamptz '2025-01-25 09:00+00' + n * interval '1 hour', 'card', 1 from generate_series(1, 10500) as n;
insert into retail.account_posting (id, customer_id, posted_at, kind, amount)
select n, n, timestamptz '2025-01-25 09:00+00' + n * interval '1 hour', 'credit', -1 from generate_series(1, 10500) as n;
insert into retail.stock_movement (id, store_id, stock_code, moved_at, kind, quantity, unit_cost)
select n, n, n, timestamptz '2024-12-01 09:00+00' + n * interval '1 hour', 'receipt', 5, 1 from generate_series(1, 10500) as n;
insert into retail.audit_event (id, occurred_at, event_type, user_id, sale_id, customer_id, details)
select n, timestamptz '2025-01-01 09:00+00' + n * interval '1 hour', 'sale.completed', n, n, n, '{"total": 6}' from generate_series(1, 10500) as n;

select octavo.gather_statistics('retail');
