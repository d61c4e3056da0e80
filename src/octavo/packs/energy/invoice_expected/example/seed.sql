-- June 2014. EXP-0042 and EXP-9 are in euros, EXP-7 in pounds, so the summary adds nothing up across them. EXP-8 is of July.
--
--   EXP-0042   1 x 1000.00           = 1000.00             EXP-7    1 x 500.00 = 500.00 at 0 %, total 500.00
--              100.500 MWh x 2.15    =  216.075 -> 216.08
--              1 x 0                 =    0.00             EXP-9    has no lines: 0
--              1 x -50.00            =  -50.00
--              subtotal                1166.08
--              tax 20 %              =  233.216 -> 233.22, total 1399.30
--
-- Euros by type, of 1166.08: service 1000.00 + 0.00 is 85.7574 of a hundred, variable 216.08 is 18.5305, damages -50.00 is -4.2879.

insert into energy.project (id, name) values (1, 'Mühlbach Wind');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, 'OM-1', 'Full service', 'operation_and_maintenance', 'Rotor "Nord" GmbH', 'EUR', '2014-01-01'),
    (2, 1, 'LL-1', 'Land', 'land_lease', 'Hill, Dale & Co', 'GBP', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (42, 'June 2014', '2014-06-01', '2014-06-30'), (43, 'July 2014', '2014-07-01', '2014-07-31');

insert into energy.meter (id, project_id, number, name) values (1, 1, '00815', 'Feeder');

insert into energy.meter_aggregate (id, meter_id, billing_period_id, aggregation_type, time_zone, total_value, unit, reading_count)
values (1, 1, 42, 'net_energy', 'Europe/Berlin', 100500.0, 'kWh', 4320);

insert into energy.invoice_line_type (id, code, name, category)
values (1, 'service', 'Service fee', 'service'), (2, 'variable', 'Variable fee', 'service'), (3, 'damages', 'Damages', 'damages'), (4, 'lease', 'Land lease', 'fee');

insert into energy.expected_invoice_header (id, contract_id, billing_period_id, reference, due_date, currency)
values
    (1, 1, 42, 'EXP-0042', '2014-08-01', 'EUR'),
    (2, 2, 42, 'EXP-7', '2014-07-15', 'GBP'),
    (3, 1, 42, 'EXP-9', null, 'EUR'),
    (4, 1, 43, 'EXP-8', '2014-09-01', 'EUR');

insert into energy.expected_invoice_line (
    expected_invoice_header_id, line_number, invoice_line_type_id, meter_aggregate_id, description, calculation, quantity, unit, unit_price, line_total, tax_rate
)
values
    (1, 1, 1, null, 'Fixed service fee', 'Clause 4.1, a month', 1, 'month', 1000.00, 1000.00, 20),
    (1, 2, 2, 1, 'Variable fee, "net" MWh', 'Clause 4.2, 100,500 kWh / 1000', 100.500, 'MWh', 2.15, 216.08, 20),
    (1, 3, 1, null, 'Inspection, free of charge', '', 1, 'visit', 0, 0.00, 20),
    (1, 4, 3, null, 'Malus für Verfügbarkeit', 'Clause 7.2', 1, 'month', -50.00, -50.00, 20),
    (2, 1, 4, null, 'Land lease', 'Clause 1', 1, 'month', 500.00, 500.00, 0),
    (4, 1, 1, null, 'Fixed service fee', 'Clause 4.1, a month', 1, 'month', 1000.00, 1000.00, 20);
