-- Asked: what was issued in July 2014. 0041 was issued on 30 June and 0045 on 1 August, so neither appears; 0042 and 0044 are of its first and last day.
--
--   0042   100 MWh x 61.40 = 6140.00 at 19 %       0043   has no lines: 0
--          1 x 0.50        =    0.50 at  5 %       0044   -2.5 MWh x 47.90 = -119.75 at 20 %
--          6140.00 x 19 %  = 1166.60                      tax -23.95, total -143.70
--             0.50 x  5 %  =    0.025 -> 0.03
--          subtotal 6140.50, tax 1166.63, total 7307.13

insert into energy.project (id, name, technology, time_zone) values (1, 'Mühlbach Wind', 'wind', 'Europe/Berlin');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, counterparty_vat_number, currency, start_date)
values
    (1, 1, '007', 'Power purchase "Süd"', 'ppa', 'Bäckerei Süß, Söhne & Co', 'DE123456789', 'EUR', '2014-01-01'),
    (2, 1, '008', 'Power purchase, Aÿ', 'ppa', 'Aÿ Ltd', null, 'GBP', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (42, 'June 2014', '2014-06-01', '2014-06-30');

insert into energy.invoice_line_type (id, code, name, category) values (1, 'energy', 'Energy', 'energy'), (2, 'fee', 'Fee', 'fee');

insert into energy.invoice_header (id, contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency)
values
    (1, 1, 42, '0041', '2014-06-30', '2014-07-30', 'issued', 'EUR'),
    (2, 1, 42, '0042', '2014-07-01', '2014-07-31', 'paid', 'EUR'),
    (3, 1, 42, '0043', '2014-07-15', '2014-07-15', 'draft', 'EUR'),
    (4, 2, 42, '0044', '2014-07-31', '2014-08-30', 'issued', 'GBP'),
    (5, 1, 42, '0045', '2014-08-01', '2014-08-31', 'issued', 'EUR');

insert into energy.invoice_line (invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate)
values
    (1, 1, 1, 'Energy delivered', 100, 'MWh', 61.40, 6140.00, 19),
    (2, 1, 1, 'Energy delivered', 100, 'MWh', 61.40, 6140.00, 19),
    (2, 2, 2, 'Postage', 1, 'letter', 0.50, 0.50, 5),
    (4, 1, 1, 'Correction of May', -2.5, 'MWh', 47.90, -119.75, 20),
    (5, 1, 1, 'Energy delivered', 100, 'MWh', 61.40, 6140.00, 19);
