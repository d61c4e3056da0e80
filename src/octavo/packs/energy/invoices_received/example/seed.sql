-- Asked: what is dated in July 2014 and in review. 0041 is of 30 June, 0044 of 1 August, 0045 is paid; of 0042 the lines are 1000.00 + 7.00 = 1007.00.

insert into energy.project (id, name, time_zone) values (1, 'Mühlbach Wind', 'Europe/Berlin');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, counterparty_vat_number, currency, start_date)
values
    (1, 1, '008', 'Full service, "Premium"', 'operation_and_maintenance', 'Rotor "Nord" GmbH', 'DE999999999', 'EUR', '2014-01-01'),
    (2, 1, '009', 'Inspections', 'operation_and_maintenance', 'Wiatr, Sp. z o.o.', null, 'PLN', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (42, 'June 2014', '2014-06-01', '2014-06-30');

insert into energy.received_invoice_header (id, contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, status, currency, stated_tax, stated_total)
values
    (1, 1, 42, '0041', '2014-06-30', '2014-07-02', '2014-07-30', 'in_review', 'EUR', 0, 10.00),
    (2, 1, 42, '0042', '2014-07-01', '2014-07-04', '2014-07-31', 'in_review', 'EUR', 191.33, 1198.33),
    (3, 2, 42, '0043', '2014-07-31', '2014-08-04', '2014-08-30', 'in_review', 'PLN', 0, 0),
    (4, 1, 42, '0044', '2014-08-01', '2014-08-04', '2014-08-31', 'in_review', 'EUR', 0, 10.00),
    (5, 1, 42, '0045', '2014-07-15', '2014-07-16', '2014-08-14', 'paid', 'EUR', 0, 10.00);

insert into energy.received_invoice_line (received_invoice_header_id, line_number, description, line_total, tax_rate)
values (1, 1, 'Service', 10.00, 0), (2, 1, 'Service', 1000.00, 19), (2, 2, 'Postage', 7.00, 19), (4, 1, 'Service', 10.00, 0), (5, 1, 'Service', 10.00, 0);
