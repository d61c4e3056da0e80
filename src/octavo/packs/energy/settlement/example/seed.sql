-- Asked: June 2014. Mühlbach counts in Berlin, Sonnenhof in UTC. One-hour readings, kWh:
--
--   Mühlbach  31 May 22:00 UTC   10000  curtailed 500      1 June in Berlin
--             15 Jun 21:00       20000                     15 June, the last hour
--             15 Jun 22:00       30000  lost 10000         16 June, the new price
--             30 Jun 22:00       99999                     July
--   Sonnenhof 30 Jun 23:00        1234.5                   30 June
--
--   007  Capacity  1 month x 250 = 250.00      Guarantees of origin  60 x 1.85 =  111.00
--        Energy   30 MWh x 60   = 1800.00      Correction of May   -2.5 x 60   = -150.00
--        Energy   30 MWh x 62   = 1860.00      Damages: (60 + 0.5) of 70.5 is 85.8156 %, missing 11.1844 % of 70.5 = 7.885 MWh x 25 = 197.125 -> 197.13
--        Deemed  0.5 MWh x 60   =   30.00      Net 3940.00 - 39.00 - 197.13 = 3703.87; invoiced 3703.86, so -0.01
--   008  1234.5 kWh x 0.05 = 61.725 -> 61.73, as invoiced. 009 is a service contract and 010 has ended: neither is settled.

insert into energy.project (id, name, technology, time_zone) values (1, 'Mühlbach Wind', 'wind', 'Europe/Berlin'), (2, 'Sonnenhof', 'solar', 'UTC'), (3, 'Other', 'wind', 'UTC');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date, end_date)
values
    (1, 1, '007', 'Power purchase', 'ppa', 'Bäckerei "Süß", Söhne & Co', 'EUR', '2014-01-01', null),
    (2, 2, '008', 'Power purchase, Aÿ', 'ppa', 'Aÿ Ltd', 'EUR', '2014-01-01', null),
    (3, 1, '009', 'Full service', 'operation_and_maintenance', 'Rotor', 'EUR', '2014-01-01', null),
    (4, 3, '010', 'Ended', 'ppa', 'Gone', 'EUR', '2013-01-01', '2014-05-31');

insert into energy.clause (id, contract_id, reference, title, kind, guaranteed_value, guaranteed_unit, damages_form, damages_rate)
values
    (1, 1, '4.1', 'Price', 'pricing', null, null, null, null),
    (2, 1, '7.2', 'Availability', 'availability', 97, 'percent', 'shortfall_rate', 25),
    (3, 2, '4', 'Price', 'pricing', null, null, null, null),
    (4, 3, '4', 'Price', 'pricing', null, null, null, null),
    (5, 4, '4', 'Price', 'pricing', null, null, null, null);

insert into energy.clause_tariff (clause_id, name, start_date, end_date, unit_price, unit, currency, applies_to)
values
    (1, 'Energy', '2014-01-01', '2014-06-15', 60, 'MWh', 'EUR', 'metered'),
    (1, 'Energy', '2014-06-16', null, 62, 'MWh', 'EUR', 'metered'),
    (1, 'Deemed energy', '2014-01-01', null, 60, 'MWh', 'EUR', 'curtailed'),
    (1, 'Capacity', '2014-01-01', null, 250, 'month', 'EUR', 'metered'),
    (3, 'Energy', '2014-01-01', null, 0.05, 'kWh', 'EUR', 'metered'),
    (4, 'Service', '2014-01-01', null, 1000, 'month', 'EUR', 'metered'),
    (5, 'Energy', '2013-01-01', null, 60, 'MWh', 'EUR', 'metered');

insert into energy.billing_period (id, name, start_date, end_date) values (42, 'June 2014', '2014-06-01', '2014-06-30'), (43, 'July 2014', '2014-07-01', '2014-07-31');

insert into energy.meter (id, project_id, number, name, kind)
values (1, 1, 'M-1', 'Revenue', 'revenue'), (2, 1, 'M-2', 'Check', 'check'), (3, 2, '0003', 'Revenue, roof', 'revenue'), (4, 3, 'M-4', 'Not settled', 'revenue');

insert into energy.meter_reading (meter_id, interval_start, interval_minutes, net_energy_kwh, availability_kwh, curtailment_kwh)
values
    (1, '2014-05-31 22:00+00', 60, 10000, 0, 500),
    (1, '2014-06-15 21:00+00', 60, 20000, 0, 0),
    (1, '2014-06-15 22:00+00', 60, 30000, 10000, 0),
    (1, '2014-06-30 22:00+00', 60, 99999, 0, 0),
    (2, '2014-06-15 21:00+00', 60, 777, 77, 7),
    (3, '2014-06-30 23:00+00', 60, 1234.5, 0, 0),
    (4, '2014-06-15 12:00+00', 60, 555, 0, 0);

insert into energy.adjustment (contract_id, billing_period_id, position, description, quantity, unit, unit_price, amount)
values (1, 42, 1, 'Guarantees of origin', 60, 'certificates', 1.85, 111.00), (1, 42, 2, 'Correction of May, "final"', -2.5, 'MWh', 60, -150.00), (1, 43, 1, 'Of July', 1, 'month', 5, 5.00);

insert into energy.invoice_line_type (id, code, name, category) values (1, 'energy', 'Energy', 'energy');

insert into energy.invoice_header (id, contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency)
values
    (1, 1, 42, '0042', '2014-07-01', '2014-07-31', 'issued', 'EUR'),
    (2, 2, 42, '0043', '2014-07-01', '2014-07-31', 'issued', 'EUR'),
    (3, 1, 42, '0044', '2014-07-01', '2014-07-31', 'draft', 'EUR'),
    (4, 1, 43, '0045', '2014-08-01', '2014-08-31', 'issued', 'EUR');

insert into energy.invoice_line (invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate)
values
    (1, 1, 1, 'As settled', 1, 'month', 3703.86, 3703.86, 19),
    (2, 1, 1, 'Energy', 1234.5, 'kWh', 0.05, 61.73, 20),
    (3, 1, 1, 'Draft', 1, 'month', 100, 100.00, 19),
    (4, 1, 1, 'July', 1, 'month', 100, 100.00, 19);
