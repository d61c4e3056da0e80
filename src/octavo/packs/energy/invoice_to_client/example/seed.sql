-- June 2014, days in Europe/Berlin. Two invoices are of June; 0044 is of July and must not appear.
--
--   0042   100.500 MWh x 61.40 = 6170.70      at 19 %      0043   -2.5 MWh x 47.90 = -119.75   at 19 %
--          100 x 0.85          =   85.00      at 19 %             10 MWh x 0        =    0.00   at 5 %
--          1.250 MWh x -25     =  -31.25      at  0 %             1 x 0.50          =    0.50   at 5 %
--          subtotal              6224.45                          subtotal            -119.25
--          6255.70 x 19 %      = 1188.583 ->  1188.58             -119.75 x 19 %    = -22.7525 -> -22.75
--          -31.25 x 0 %        =    0.00                          0.50 x 5 %        =   0.025 ->   0.03
--          tax 1188.58, total 6224.45 + 1188.58 = 7413.03         tax -22.72, total -119.25 - 22.72 = -141.97
--
-- Both: subtotal 6105.20, tax 1165.86, total 7271.06; six lines.

insert into energy.project (id, name, technology, time_zone) values (1, 'Mühlbach Wind', 'wind', 'Europe/Berlin'), (2, 'Sonnenhof', 'solar', 'Europe/Berlin');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, counterparty_address, counterparty_vat_number, currency, start_date)
values
    (1, 1, '007', 'Power purchase "Süd"', 'ppa', 'Bäckerei Süß, Söhne & Co', E'Hauptstraße 1\n79100 Freiburg', 'DE123456789', 'EUR', '2014-01-01'),
    (2, 2, '008', 'Power purchase, Aÿ', 'ppa', 'Aÿ Ltd', '', null, 'EUR', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (42, 'June 2014', '2014-06-01', '2014-06-30'), (43, 'July 2014', '2014-07-01', '2014-07-31');

insert into energy.meter (id, project_id, number, name) values (1, 1, '00815', 'Feeder "A"');

insert into energy.meter_aggregate (id, meter_id, billing_period_id, aggregation_type, time_zone, total_value, unit, reading_count)
values
    (1, 1, 42, 'net_energy', 'Europe/Berlin', 100500.0, 'kWh', 4320),
    (2, 1, 42, 'availability_loss', 'Europe/Berlin', 4200.5, 'kWh', 4320);

insert into energy.invoice_line_type (id, code, name, category)
values (1, 'energy', 'Energy', 'energy'), (2, 'certificates', 'Guarantees of origin', 'energy'), (3, 'damages', 'Liquidated damages', 'damages'), (4, 'fee', 'Fee', 'fee');

insert into energy.invoice_header (id, contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency, note)
values
    (1, 1, 42, '0042', '2014-07-05', '2014-08-04', 'issued', 'EUR', ''),
    (2, 2, 42, '0043', '2014-07-05', '2014-07-05', 'draft', 'EUR', 'Credit for May; see the "protocol", page 7.'),
    (3, 1, 43, '0044', '2014-08-05', '2014-09-04', 'issued', 'EUR', '');

insert into energy.invoice_line (
    invoice_header_id, line_number, invoice_line_type_id, meter_aggregate_id, description, quantity, unit, unit_price, line_total, tax_rate
)
values
    (1, 1, 1, 1, 'Energy delivered, June 2014', 100.500, 'MWh', 61.40, 6170.70, 19),
    (1, 2, 2, 1, 'Guarantees of origin "Ökostrom"', 100, 'certificates', 0.85, 85.00, 19),
    (1, 3, 3, 2, 'Availability under 97 percent', 1.250, 'MWh', -25, -31.25, 0),
    (2, 1, 1, null, 'Correction of May', -2.5, 'MWh', 47.90, -119.75, 19),
    (2, 2, 1, null, 'Energy free of charge', 10, 'MWh', 0, 0.00, 5),
    (2, 3, 4, null, 'Postage', 1, 'letter', 0.50, 0.50, 5),
    (3, 1, 1, null, 'Energy delivered, July 2014', 100, 'MWh', 61.40, 6140.00, 19);
