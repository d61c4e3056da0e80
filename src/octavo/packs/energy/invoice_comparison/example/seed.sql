-- June 2014, tolerances 3 percent and 0.01, a discrepancy exceeds both. Before tax:
--
--   OM-1: EXP-0042 / 0042       expected   received   variance                                         discrepancy
--     service                    1000.00    1030.00      30.00    30 / 1000 = 3, exactly the tolerance   no
--     variable                    201.00     220.00      19.00    19 / 201  = 9.4527                     yes (quantity)
--     inspection                    0.00      25.00      25.00    n/a, 25.00 > 0.01                      yes (price)
--     damages                     -50.00     -60.00     -10.00    -10 / 50  = -20                        yes (price)
--     material                     80.00                -80.00    -80 / 80  = -100                       yes, missing in received
--     crane (no type)                        480.00     480.00    n/a                                    yes, missing in expected
--     in all                     1231.00    1695.00     464.00    464 / 1231 = 37.6929                   yes, 5 lines
--   OM-2: EXP-7 / not received    500.00                -500.00   -100                                   yes, 1 line
--   OM-2: not expected / B-9                  0.01       0.01     n/a, 0.01 is not more than 0.01        no
--   all                          1731.00    1695.01     -35.99    -35.99 / 1731 = -2.0791                6 of 8 lines
--
-- Service in all three: 1000.00 + 500.00 = 1500.00 against 1030.00 + 0.01 = 1030.01, -469.99, which is -31.3327 percent.
-- EXP-8 is of July.

insert into energy.project (id, name) values (1, 'Mühlbach Wind'), (2, 'Sonnenhof');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, 'OM-1', 'Full service, "Premium"', 'operation_and_maintenance', 'Rotor Nord GmbH', 'EUR', '2014-01-01'),
    (2, 2, 'OM-2', 'Solar care', 'operation_and_maintenance', 'Sol GmbH', 'EUR', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (42, 'June 2014', '2014-06-01', '2014-06-30'), (43, 'July 2014', '2014-07-01', '2014-07-31');

insert into energy.invoice_line_type (id, code, name, category)
values
    (1, 'service', 'Service fee', 'service'), (2, 'variable', 'Variable fee', 'service'), (3, 'inspection', 'Inspection', 'service'),
    (4, 'damages', 'Damages', 'damages'), (5, 'material', 'Material', 'material');

insert into energy.expected_invoice_header (id, contract_id, billing_period_id, reference, currency)
values (1, 1, 42, 'EXP-0042', 'EUR'), (2, 2, 42, 'EXP-7', 'EUR'), (3, 2, 43, 'EXP-8', 'EUR');

insert into energy.expected_invoice_line (
    id, expected_invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate
)
values
    (1, 1, 1, 1, 'Fixed service fee', 1, 'month', 1000.00, 1000.00, 20),
    (2, 1, 2, 2, 'Variable fee', 100.500, 'MWh', 2.00, 201.00, 20),
    (3, 1, 3, 3, 'Inspection, free of charge', 1, 'visit', 0, 0.00, 20),
    (4, 1, 4, 4, 'Malus für Verfügbarkeit', 1, 'month', -50.00, -50.00, 20),
    (5, 1, 5, 5, 'Filter, "fein"', 1, 'set', 80.00, 80.00, 20),
    (6, 2, 1, 1, 'Service fee', 1, 'month', 500.00, 500.00, 20),
    (7, 3, 1, 1, 'Service fee', 1, 'month', 500.00, 500.00, 20);

insert into energy.received_invoice_header (
    id, contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, currency, stated_tax, stated_total
)
values
    (1, 1, 42, '0042', '2014-07-02', '2014-07-04', '2014-08-01', 'EUR', 339.00, 2034.00),
    (2, 2, 42, 'B-9', '2014-07-02', '2014-07-04', '2014-08-01', 'EUR', 0.00, 0.01);

insert into energy.received_invoice_line (
    id, received_invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate
)
values
    (1, 1, 1, null, 'Kran, pauschal', null, null, null, 480.00, 20),
    (2, 1, 2, 1, 'Full service', 1, 'month', 1030.00, 1030.00, 20),
    (3, 1, 3, 2, 'Variable', 110.000, 'MWh', 2.00, 220.00, 20),
    (4, 1, 4, 3, 'Inspection', 1, 'visit', 25.00, 25.00, 20),
    (5, 1, 5, 4, 'Malus', 1, 'month', -60.00, -60.00, 20),
    (6, 2, 1, 1, 'Rounding', 1, 'item', 0.01, 0.01, 0);

insert into energy.invoice_comparison (id, contract_id, billing_period_id, currency, expected_invoice_header_id, received_invoice_header_id, status)
values (1, 1, 42, 'EUR', 1, 1, 'disputed'), (2, 2, 42, 'EUR', 2, null, 'open'), (3, 2, 42, 'EUR', null, 2, 'accepted'), (4, 2, 43, 'EUR', 3, null, 'open');

insert into energy.invoice_comparison_line (invoice_comparison_id, expected_invoice_line_id, received_invoice_line_id, description)
values
    (1, 1, 2, ''), (1, 2, 3, 'Read the meter again'), (1, 3, 4, ''), (1, 4, 5, ''),
    (1, null, 1, 'Nobody ordered it, says "Nord"');
