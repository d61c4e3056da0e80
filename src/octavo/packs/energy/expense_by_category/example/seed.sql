-- Asked: January to March 2014, both plants. Before tax:
--
--                    January           February          March            together        budget              variance
--   service          300 received      280 received      -                580             900 (300 a month)   -320, -35.5556 %
--   land lease       200 + 100         -                 -                300             250 in January        50,  20 %
--   insurance        -                 -                 500              500             0                    500,  n/a
--   grid             -                 -                 -                  0              60 in February      -60, -100 %
--   together         600               280               500              1380            1210                 170,  14.0496 %
--   budget           550               360               300
--   from the month before              -320, -53.3333 %  220, 78.5714 %
--
-- What is of 1 April, and the budget of April, is left out. Shares of 1380: 580 is 42.0290 %, 500 36.2319 %, 300 21.7391 %.

insert into energy.project (id, name, time_zone) values (1, 'Mühlbach Wind', 'Europe/Berlin'), (2, 'Sonnenhof', 'UTC');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values (1, 1, '008', 'Full service', 'operation_and_maintenance', 'Rotor GmbH', 'EUR', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (1, '2014', '2014-01-01', '2014-12-31');

insert into energy.invoice_line_type (id, code, name, category) values (1, 'service', 'Service', 'service');

insert into energy.received_invoice_header (id, contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, status, currency, stated_tax, stated_total)
values
    (1, 1, 1, 'S-1', '2014-01-31', '2014-02-03', '2014-02-28', 'paid', 'EUR', 57.00, 357.00),
    (2, 1, 1, 'S-2', '2014-02-28', '2014-03-03', '2014-03-31', 'received', 'EUR', 0, 280.00),
    (3, 1, 1, 'S-3', '2014-04-01', '2014-04-03', '2014-04-30', 'received', 'EUR', 0, 280.00);

insert into energy.received_invoice_line (received_invoice_header_id, line_number, invoice_line_type_id, description, line_total, tax_rate)
values (1, 1, 1, 'Service', 320.00, 19), (1, 2, 1, 'Malus', -20.00, 19), (2, 1, 1, 'Service', 280.00, 0), (3, 1, 1, 'Service', 280.00, 0);

insert into energy.expense (project_id, expense_date, category, reference, description, supplier_name, amount, currency)
values
    (1, '2014-01-01', 'land_lease', 'L-1', 'Lease, first quarter', 'Bauer Hansen', 200.00, 'EUR'),
    (2, '2014-01-15', 'land_lease', 'L-2', 'Lease of the roof', 'Hof KG', 100.00, 'EUR'),
    (1, '2014-03-31', 'insurance', 'I-1', 'Insurance', 'Fides AG', 500.00, 'EUR');

insert into energy.budget (project_id, category, month, amount, currency)
values
    (1, 'service', '2014-01-01', 300, 'EUR'), (1, 'service', '2014-02-01', 300, 'EUR'), (1, 'service', '2014-03-01', 300, 'EUR'),
    (1, 'service', '2014-04-01', 300, 'EUR'), (1, 'land_lease', '2014-01-01', 150, 'EUR'), (2, 'land_lease', '2014-01-01', 100, 'EUR'),
    (1, 'grid', '2014-02-01', 60, 'EUR');
