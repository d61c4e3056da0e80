-- Asked: January to February 2014. Before tax:
--
--   revenue   energy  January 1000.00 + February 800.00    damages  February -50.00                     = 1750.00
--   expense   service January  300.00 (received)           land lease January 200.00, February 100.00 (no invoice)
--             not classified February 45.50 (received)                                                   =  645.50
--   The draft, the invoice of 1 March, the received one of 31 December and the expense of 1 March are left out.
--
-- January 1000 - 500 = 500, 50 %.  February 750 - 145.50 = 604.50, 80.6 %.  Together 1104.50 of 1750 is 63.1143 %.
-- Shares: 1800 of 1750 is 102.8571 %, -50 is -2.8571 %; of 645.50: 300 is 46.4756 % twice, 45.50 is 7.0488 %.
-- Mühlbach: 1750 - 545.50 = 1204.50, 68.8286 %; Sonnenhof has a lease only.

insert into energy.project (id, name, time_zone) values (1, 'Mühlbach Wind', 'Europe/Berlin'), (2, 'Sonnenhof', 'UTC');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, '007', 'Power purchase', 'ppa', 'Bäckerei "Süß", Söhne & Co', 'EUR', '2014-01-01'),
    (2, 1, '008', 'Full service', 'operation_and_maintenance', 'Rotor GmbH', 'EUR', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (1, 'January 2014', '2014-01-01', '2014-01-31');

insert into energy.invoice_line_type (id, code, name, category)
values (1, 'energy', 'Energy', 'energy'), (2, 'damages', 'Damages', 'damages'), (3, 'service', 'Service', 'service');

insert into energy.invoice_header (id, contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency)
values
    (1, 1, 1, '0001', '2014-01-01', '2014-01-31', 'paid', 'EUR'),
    (2, 1, 1, '0002', '2014-02-28', '2014-03-31', 'issued', 'EUR'),
    (3, 1, 1, '0003', '2014-02-28', '2014-03-31', 'draft', 'EUR'),
    (4, 1, 1, '0004', '2014-03-01', '2014-03-31', 'issued', 'EUR');

insert into energy.invoice_line (invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate)
values
    (1, 1, 1, 'Energy', 10, 'MWh', 100, 1000.00, 19),
    (2, 1, 1, 'Energy', 8, 'MWh', 100, 800.00, 19),
    (2, 2, 2, 'Damages', 1, 'month', -50, -50.00, 0),
    (3, 1, 1, 'Energy', 8, 'MWh', 100, 800.00, 19),
    (4, 1, 1, 'Energy', 8, 'MWh', 100, 800.00, 19);

insert into energy.received_invoice_header (id, contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, status, currency, stated_tax, stated_total)
values
    (1, 2, 1, 'S-1', '2014-01-31', '2014-02-03', '2014-02-28', 'disputed', 'EUR', 57.00, 357.00),
    (2, 2, 1, 'S-2', '2014-02-01', '2014-02-03', '2014-02-28', 'received', 'EUR', 0, 45.50),
    (3, 2, 1, 'S-0', '2013-12-31', '2014-01-03', '2014-01-31', 'paid', 'EUR', 0, 99.00);

insert into energy.received_invoice_line (received_invoice_header_id, line_number, invoice_line_type_id, description, line_total, tax_rate)
values (1, 1, 3, 'Service', 300.00, 19), (2, 1, null, 'Crane, lump sum', 45.50, 0), (3, 1, 3, 'Service', 99.00, 0);

insert into energy.expense (project_id, contract_id, expense_date, category, reference, description, supplier_name, amount, currency)
values
    (1, null, '2014-01-15', 'land_lease', 'L-1', 'Lease, first quarter', 'Bauer Hansen', 200.00, 'EUR'),
    (2, null, '2014-02-15', 'land_lease', 'L-2', 'Lease of the roof', 'Hof KG', 100.00, 'EUR'),
    (1, null, '2014-03-01', 'insurance', 'I-1', 'Insurance', 'Fides AG', 500.00, 'EUR');
