-- Asked: January 2014 at Mühlbach. What is of 31 December and 1 February, the lease of Sonnenhof and the invoice to the client are left out.

insert into energy.project (id, name, time_zone) values (1, 'Mühlbach Wind', 'Europe/Berlin'), (2, 'Sonnenhof', 'UTC');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, '008', 'Full service', 'operation_and_maintenance', 'Rotor "Nord", GmbH', 'EUR', '2014-01-01'),
    (2, 1, '009', 'Land', 'land_lease', 'Bauer Hansen', 'EUR', '2014-01-01'),
    (3, 1, '007', 'Power purchase', 'ppa', 'Bäckerei', 'EUR', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (1, '2014', '2014-01-01', '2014-12-31');

insert into energy.invoice_line_type (id, code, name, category) values (1, 'service', 'Service', 'service'), (2, 'energy', 'Energy', 'energy');

insert into energy.received_invoice_header (id, contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, status, currency, stated_tax, stated_total)
values
    (1, 1, 1, '0001', '2014-01-31', '2014-02-03', '2014-02-28', 'paid', 'EUR', 57.00, 357.00),
    (2, 1, 1, '0002', '2014-02-01', '2014-02-03', '2014-02-28', 'received', 'EUR', 0, 99.00);

insert into energy.received_invoice_line (received_invoice_header_id, line_number, invoice_line_type_id, description, line_total, tax_rate)
values (1, 1, 1, 'Service', 320.00, 19), (1, 2, null, 'Credit, "goodwill"', -20.00, 19), (2, 1, 1, 'Service', 99.00, 0);

insert into energy.expense (project_id, contract_id, expense_date, category, reference, description, supplier_name, amount, currency)
values
    (1, 2, '2014-01-01', 'land_lease', 'L-1', 'Lease, first quarter', 'Bauer Hansen', 200.00, 'EUR'),
    (1, null, '2013-12-31', 'insurance', 'I-0', 'Insurance', 'Fides AG', 500.00, 'EUR'),
    (2, null, '2014-01-15', 'land_lease', 'L-2', 'Lease of the roof', 'Hof KG', 100.00, 'EUR');

insert into energy.invoice_header (id, contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency)
values (1, 3, 1, 'R-1', '2014-01-10', '2014-02-10', 'issued', 'EUR');

insert into energy.invoice_line (invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate)
values (1, 1, 2, 'Energy', 1, 'MWh', 60, 60.00, 19);
