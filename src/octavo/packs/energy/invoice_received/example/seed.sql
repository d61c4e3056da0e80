-- June 2014. The invoice 0042 adds up, B/7 does not; B/8 is of July.
--
--   0042   1 x 1000.00 = 1000.00 at 20 %       B/7   1 x 0      =   0.00 at 20 %
--          lump sum       480.00 at 20 %             1 x 100.00 = 100.00 at 20 %
--          1 x -12.34  =  -12.34 at 20 %             lines 100.00, tax 20.00, so 120.00; printed 125.00, difference 5.00
--          toll             7.00 at  0 %
--          lines         1474.66; 1467.66 x 20 % = 293.532 -> 293.53; 1474.66 + 293.53 = 1768.19, as printed: difference 0.00
--
-- Both: lines 1574.66, tax as printed 293.53 + 20.00 = 313.53, totals as printed 1768.19 + 125.00 = 1893.19.
-- By type, of 1574.66: service 1100.00 is 69.8563 of a hundred, not classified 487.00 is 30.9273, inspection 0, damages -12.34 is -0.7837.

insert into energy.project (id, name) values (1, 'Mühlbach Wind');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, 'OM-1', 'Full service', 'operation_and_maintenance', 'Rotor "Nord" GmbH', 'EUR', '2014-01-01'),
    (2, 1, 'OM-2', 'Inspections, Łódź', 'operation_and_maintenance', 'Wiatr, Sp. z o.o.', 'EUR', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (42, 'June 2014', '2014-06-01', '2014-06-30'), (43, 'July 2014', '2014-07-01', '2014-07-31');

insert into energy.invoice_line_type (id, code, name, category)
values (1, 'service', 'Service fee', 'service'), (2, 'inspection', 'Inspection', 'service'), (3, 'damages', 'Damages', 'damages');

insert into energy.received_invoice_header (
    id, contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, status, currency, stated_tax, stated_total
)
values
    (1, 1, 42, '0042', '2014-07-02', '2014-07-04', '2014-08-01', 'in_review', 'EUR', 293.53, 1768.19),
    (2, 2, 42, 'B/7', '2014-07-01', '2014-07-09', '2014-07-31', 'disputed', 'EUR', 20.00, 125.00),
    (3, 2, 43, 'B/8', '2014-08-01', '2014-08-02', '2014-08-31', 'received', 'EUR', 20.00, 120.00);

insert into energy.received_invoice_line (
    received_invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate
)
values
    (1, 1, 1, 'Full service, June', 1, 'month', 1000.00, 1000.00, 20),
    (1, 2, null, 'Kran "LTM 1090", pauschal', null, null, null, 480.00, 20),
    (1, 3, 3, 'Malus', 1, 'month', -12.34, -12.34, 20),
    (1, 4, null, 'Road toll', null, null, null, 7.00, 0),
    (2, 1, 2, 'Inspection, free of charge', 1, 'visit', 0, 0.00, 20),
    (2, 2, 1, 'Przegląd', 1, 'month', 100.00, 100.00, 20),
    (3, 1, 1, 'Przegląd', 1, 'month', 100.00, 100.00, 20);
