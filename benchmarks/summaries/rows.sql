-- An organization's shop and contracts of so many rows, drawn from their numbers: %(rows)s lines of sales and as many lines of each kind of
-- invoice, in %(periods)s billing periods (the last of which is over). Twenty lines an invoice.

insert into retail.store (code, name) select 'S' || n, 'Store ' || n from generate_series(1, 5) n;
insert into retail.customer (number) select lpad(n::text, 5, '0') from generate_series(1, 4000) n;
insert into retail.product (stock_code, name) select lpad(n::text, 5, '0'), 'Item ' || n from generate_series(1, 4000) n;

insert into retail.sale (invoice_number, sold_at, store_id, customer_id, country, kind, discount, tax)
select n::text, timestamptz '2023-01-01 08:00Z' + (n * 7919 %% 1051200) * interval '1 minute', store.id, customer.id,
    'Country ' || (n * 31 %% 900 / 30), case when n %% 40 = 0 then 'cancellation' else 'sale' end, n %% 7, n %% 11
from generate_series(1, %(rows)s / 20) n
join retail.store on store.code = 'S' || (1 + n %% 5)
join retail.customer on customer.number = lpad((1 + n * 17 %% 4000)::text, 5, '0');

insert into retail.sale_line (sale_id, line_number, stock_code, description, quantity, unit_price, unit_cost, sold_at)
select sale.id, line, lpad((1 + (sale.invoice_number::int * 20 + line) * 13 %% 4000)::text, 5, '0'), 'As printed',
    case when sale.kind = 'sale' then 1 else -1 end * (1 + line %% 6), (100 + line * 37 %% 1700) / 100.0, (50 + line * 29 %% 800) / 100.0, sale.sold_at
from retail.sale cross join generate_series(1, 20) line;

insert into retail.payment (sale_id, paid_at, method, amount)
select id, sold_at, 'card', 100 from retail.sale where kind = 'sale' and invoice_number::int %% 10 <> 0;
insert into retail.refund (sale_id, refunded_at, method, amount) select id, sold_at, 'card', 100 from retail.sale where kind = 'cancellation';

insert into energy.project (name) select 'Plant ' || n from generate_series(1, 10) n;
insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date)
select project.id, 'C-' || n, 'Contract ' || n, 'ppa', 'Buyer ' || n, 'EUR', date '2020-01-01'
from generate_series(1, greatest(%(rows)s / 20 / %(periods)s, 1)) n join energy.project on project.name = 'Plant ' || (1 + n %% 10);
insert into energy.billing_period (name, start_date, end_date)
select to_char(day, 'YYYY-MM'), day, (day + interval '1 month - 1 day')::date
from (select (date_trunc('month', now()) - n * interval '1 month')::date as day from generate_series(1, %(periods)s) n) as month;
insert into energy.invoice_line_type (code, name) select 'T' || n, 'Type ' || n from generate_series(1, 8) n;

insert into energy.invoice_header (contract_id, billing_period_id, invoice_number, issue_date, due_date, currency)
select contract.id, period.id, contract.number || '/' || period.name, period.end_date + 1, period.end_date + 31, 'EUR'
from energy.contract cross join energy.billing_period period;
insert into energy.expected_invoice_header (contract_id, billing_period_id, reference, currency)
select contract.id, period.id, contract.number || '/' || period.name, 'EUR' from energy.contract cross join energy.billing_period period;
insert into energy.received_invoice_header (contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, currency, stated_tax, stated_total)
select contract.id, period.id, 'V ' || period.name, period.end_date + 1, period.end_date + 3, period.end_date + 31, 'EUR', 20, 120
from energy.contract cross join energy.billing_period period;

insert into energy.invoice_line (invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate)
select header.id, line, type.id, 'As printed', 10 + line, 'kWh', 1.25, (10 + line) * 1.25, case when line %% 5 = 0 then 7 else 20 end
from energy.invoice_header header cross join generate_series(1, 20) line join energy.invoice_line_type type on type.code = 'T' || (1 + line %% 8);
insert into energy.expected_invoice_line (expected_invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate)
select header.id, line, type.id, 'As expected', 10 + line, 'kWh', 1.25, (10 + line) * 1.25, case when line %% 5 = 0 then 7 else 20 end
from energy.expected_invoice_header header cross join generate_series(1, 20) line join energy.invoice_line_type type on type.code = 'T' || (1 + line %% 8);
insert into energy.received_invoice_line (received_invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate)
select header.id, line, type.id, 'As received', 10 + line, 'kWh', 1.25 + (line %% 3) / 100.0, round((10 + line) * (1.25 + (line %% 3) / 100.0), 2),
    case when line %% 5 = 0 then 7 else 20 end
from energy.received_invoice_header header cross join generate_series(1, 20) line join energy.invoice_line_type type on type.code = 'T' || (1 + line %% 8);

insert into energy.invoice_comparison (contract_id, billing_period_id, currency, expected_invoice_header_id, received_invoice_header_id)
select expected.contract_id, expected.billing_period_id, 'EUR', expected.id, received.id
from energy.expected_invoice_header expected
join energy.received_invoice_header received using (contract_id, billing_period_id);
insert into energy.invoice_comparison_line (invoice_comparison_id, expected_invoice_line_id, received_invoice_line_id)
select comparison.id, expected.id, received.id
from energy.invoice_comparison comparison
join energy.expected_invoice_line expected on expected.expected_invoice_header_id = comparison.expected_invoice_header_id
join energy.received_invoice_line received on received.received_invoice_header_id = comparison.received_invoice_header_id and received.line_number = expected.line_number
where expected.line_number <> 7;
