-- Another organization with 10,500 rows in every table of the energy pack that grows, each of them whole.
-- The numbers from 1 to 10,500 are the ids; what points to something points to that of its own number.

insert into energy.project (id, name, country) select n, 'Plant ' || n, 'DE' from generate_series(1, 10500) as n;
insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
select n, n, n, 'C', case when n % 2 = 0 then 'ppa' else 'operation_and_maintenance' end, 'B', 'EUR', '2014-01-01' from generate_series(1, 10500) as n;
insert into energy.clause (id, contract_id, reference, title, kind, guaranteed_value, guaranteed_unit, damages_form, damages_rate, cure_days, cure_days_kind)
select n, n, '7', 'C', case when n % 3 = 0 then 'pricing' else 'availability' end, 97, 'percent', 'shortfall_rate', 25, 10, 'business' from generate_series(1, 10500) as n;
insert into energy.clause_tariff (id, clause_id, name, start_date, unit_price, unit, currency) select n, n, 'Energy', '2014-01-01', 60, 'MWh', 'EUR' from generate_series(1, 10500) as n;
insert into energy.billing_period (id, name, start_date, end_date) select n, n, date '1990-01-01' + n, date '1990-01-01' + n from generate_series(1, 10500) as n;
insert into energy.invoice_line_type (id, code, name) select n, n, n from generate_series(1, 10500) as n;
insert into energy.meter (id, project_id, number, name) select n, n, n, 'M' from generate_series(1, 10500) as n;
insert into energy.meter_reading (id, meter_id, interval_start, interval_minutes, net_energy_kwh, availability_kwh)
select n, n, timestamptz '2014-06-01 00:00+00' + n * interval '10 minutes', 10, 5, 1 from generate_series(1, 10500) as n;
insert into energy.meter_aggregate (id, meter_id, billing_period_id, aggregation_type, time_zone, total_value, reading_count)
select n, n, n, 'net_energy', 'UTC', 5, 1 from generate_series(1, 10500) as n;
insert into energy.outage (id, project_id, cause, starts_at, ends_at)
select n, n, 'grid', timestamptz '2014-06-01 00:00+00' + n * interval '10 minutes', timestamptz '2014-06-02 00:00+00' + n * interval '10 minutes' from generate_series(1, 10500) as n;
insert into energy.invoice_header (id, contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency)
select n, n, n, n, date '2014-01-01' + n % 300, date '2014-02-01' + n % 300, 'issued', 'EUR' from generate_series(1, 10500) as n;
insert into energy.invoice_line (id, invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total)
select n, n, 1, n, 'E', 1, 'MWh', 60, 60 from generate_series(1, 10500) as n;
insert into energy.expected_invoice_header (id, contract_id, billing_period_id, reference, currency) select n, n, n, n, 'EUR' from generate_series(1, 10500) as n;
insert into energy.expected_invoice_line (id, expected_invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total)
select n, n, 1, n, 'S', 1, 'month', 60, 60 from generate_series(1, 10500) as n;
insert into energy.received_invoice_header (id, contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, currency, stated_tax, stated_total)
select n, n, n, n, date '2014-01-01' + n % 300, date '2014-01-01' + n % 300, date '2014-02-01' + n % 300, 'EUR', 0, 60 from generate_series(1, 10500) as n;
insert into energy.received_invoice_line (id, received_invoice_header_id, line_number, invoice_line_type_id, description, line_total)
select n, n, 1, n, 'S', 60 from generate_series(1, 10500) as n;
insert into energy.invoice_comparison (id, contract_id, billing_period_id, currency, expected_invoice_header_id, received_invoice_header_id)
select n, n, n, 'EUR', n, n from generate_series(1, 10500) as n;
insert into energy.invoice_comparison_line (id, invoice_comparison_id, expected_invoice_line_id, received_invoice_line_id) select n, n, n, n from generate_series(1, 10500) as n;
insert into energy.payment (id, contract_id, reference, received_on, amount, currency) select n, n, n, date '2014-01-01' + n % 300, 10, 'EUR' from generate_series(1, 10500) as n;
insert into energy.payment_allocation (id, payment_id, invoice_header_id, currency, amount, allocated_on) select n, n, n, 'EUR', 5, '2014-06-01' from generate_series(1, 10500) as n;
insert into energy.credit_allocation (id, credit_header_id, invoice_header_id, currency, amount, allocated_on) select n, n, n, 'EUR', 5, '2014-06-01' from generate_series(1, 10500) as n;
insert into energy.adjustment (id, contract_id, billing_period_id, position, description, quantity, unit, unit_price, amount) select n, n, n, 1, 'A', 1, 'month', 1, 1 from generate_series(1, 10500) as n;
insert into energy.expense (id, project_id, expense_date, category, reference, description, supplier_name, amount, currency)
select n, n, date '2014-01-01' + n % 300, 'grid', n, 'G', 'S', 1, 'EUR' from generate_series(1, 10500) as n;
insert into energy.budget (id, project_id, category, month, amount, currency) select n, n, 'grid', '2014-06-01', 1, 'EUR' from generate_series(1, 10500) as n;
insert into energy.holiday (id, country, day, name) select n, 'DE', date '2000-01-01' + n, 'H' from generate_series(1, 10500) as n;
insert into energy.breach (id, clause_id, reference, title, occurred_on, notice_date) select n, n, n, 'B', '2014-06-01', '2014-06-02' from generate_series(1, 10500) as n;
insert into energy.obligation (id, clause_id, title, due_date) select n, n, 'O', '2014-08-01' from generate_series(1, 10500) as n;

select octavo.gather_statistics('energy');
