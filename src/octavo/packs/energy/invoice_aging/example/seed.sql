-- Asked: as of 31 July 2014, by due date, credits apart.
--
--   007  0001  due 31 January, 181 days    100.00, of which 40.00 paid       60.00 over 120
--        0002  due 26 June, 35 days        200.00, of which 10.00 paid      190.00 31-60
--        0003  credit note of 1 July       -50.00                           -50.00 unapplied
--        0004  due 9 August                100.00 at 19 %                   119.00 current
--        P-2   30.00 on 10 July: 10.00 for 0002; 20.00 more only on 2 August -20.00 unapplied
--        P-3 of 1 August, the draft 0005 and 0006 of 1 August are not known yet.
--        Balance 60 + 190 - 50 + 119 - 20 = 299.00; invoiced 369.00 less paid 70.00 is 299.00.
--   008  0007  30 days 300.00    0008  60 days 10.00    0009  90 days 20.00    0010  120 days 40.00    0011  80.00 is paid
--        Balance 370.00; invoiced 450.00 less paid 80.00.
--
-- Together 669.00: current 119, 300, 31-60 200, 20, 40, over 120 60, unapplied -70. Past the date 620 of 739 is 83.9 %.
-- Counting back 669 over the sales: July 69 (31 days), June 300 (30), May 210 (31), April 20 (30) leave 70 of March's 120 x 31 = 18.083 days: 140.1.

insert into energy.project (id, name, time_zone) values (1, 'Mühlbach Wind', 'Europe/Berlin');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, '007', 'Power purchase', 'ppa', 'Bäckerei "Süß", Söhne & Co', 'EUR', '2014-01-01'),
    (2, 1, '008', 'Power purchase', 'ppa', 'Aÿ Ltd', 'EUR', '2014-01-01'),
    (3, 1, '009', 'Settled', 'ppa', 'Owes nothing', 'EUR', '2014-01-01');

insert into energy.billing_period (id, name, start_date, end_date) values (1, '2014', '2014-01-01', '2014-12-31');

insert into energy.invoice_line_type (id, code, name, category) values (1, 'energy', 'Energy', 'energy');

insert into energy.invoice_header (id, contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency)
values
    (1, 1, 1, '0001', '2014-01-01', '2014-01-31', 'issued', 'EUR'),
    (2, 1, 1, '0002', '2014-05-27', '2014-06-26', 'disputed', 'EUR'),
    (3, 1, 1, '0003', '2014-07-01', '2014-07-01', 'issued', 'EUR'),
    (4, 1, 1, '0004', '2014-07-10', '2014-08-09', 'issued', 'EUR'),
    (5, 1, 1, '0005', '2014-07-11', '2014-08-10', 'draft', 'EUR'),
    (6, 1, 1, '0006', '2014-08-01', '2014-08-31', 'issued', 'EUR'),
    (7, 2, 1, '0007', '2014-06-02', '2014-07-01', 'issued', 'EUR'),
    (8, 2, 1, '0008', '2014-05-02', '2014-06-01', 'issued', 'EUR'),
    (9, 2, 1, '0009', '2014-04-02', '2014-05-02', 'issued', 'EUR'),
    (10, 2, 1, '0010', '2014-03-03', '2014-04-02', 'issued', 'EUR'),
    (11, 2, 1, '0011', '2014-03-01', '2014-03-31', 'paid', 'EUR'),
    (12, 3, 1, '0012', '2014-08-01', '2014-08-31', 'issued', 'EUR');

insert into energy.invoice_line (invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate)
select header, 1, 1, 'Energy', 1, 'MWh', amount, amount, tax
from (
    values (1, 100.00, 0), (2, 200.00, 0), (3, -50.00, 0), (4, 100.00, 19), (5, 1000.00, 0), (6, 1000.00, 0), (7, 300.00, 0), (8, 10.00, 0),
        (9, 20.00, 0), (10, 40.00, 0), (11, 80.00, 0), (12, 1000.00, 0)
) as line (header, amount, tax);

insert into energy.payment (id, contract_id, reference, received_on, amount, currency)
values (1, 1, 'P-1', '2014-03-01', 40, 'EUR'), (2, 1, 'P-2', '2014-07-10', 30, 'EUR'), (3, 1, 'P-3', '2014-08-01', 500, 'EUR'), (4, 2, 'P-4', '2014-03-31', 80, 'EUR');

insert into energy.payment_allocation (payment_id, invoice_header_id, currency, amount, allocated_on)
values
    (1, 1, 'EUR', 40, '2014-03-01'), (2, 2, 'EUR', 10, '2014-07-10'), (2, 2, 'EUR', 20, '2014-08-02'), (3, 2, 'EUR', 170, '2014-08-01'),
    (4, 11, 'EUR', 80, '2014-03-31');

insert into energy.credit_allocation (credit_header_id, invoice_header_id, currency, amount, allocated_on) values (3, 1, 'EUR', 50, '2014-08-03');
