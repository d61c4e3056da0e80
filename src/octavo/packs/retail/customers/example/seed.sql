-- Accounts as they stood at the end of 30 June 2014 in London, aged by due date; credits that are applied to nothing stand apart.
--
--   0042  I1, 200.00, due 26 May: 5 + 30 = 35 days late; a credit note of 50.00 is applied to nothing: 31-60 is 200.00, the balance 150.00
--   B1    I5, 10.00, paid on the next day: nothing is open; blocked
--   K7    I2, 90.00 less 5.00 and 15.00 tax, due 16 July, 40.00 paid (the other 60.00 on 1 July are not seen): 60.00, not due for 16 days
--         I3, 300.00, due 15 February: 13 + 31 + 30 + 31 + 30 = 135 days late; 100.00 paid, 50.00 written off: 150.00
--         I4, 80.00, due 15 April: 15 + 31 + 30 = 76 days late
--         290.00 of a limit of 250.00; 230.00 are overdue
--   P1    paid 25.00 on account, and bought nothing
--   X9    bought at the till, for 12.00
--
-- 0-30 60.00, 31-60 200.00, 61-90 80.00, over 90 150.00, unapplied -75.00: 415.00. Shares of it: 14.4578, 48.1928, 19.2771, 36.1446, -18.0723.

insert into retail.customer (id, number, name, customer_type, email, phone, address, since, active, blocked, credit_limit, payment_days)
values
    (1, '0042', 'Anna Weiß', 'retail', 'anna@example.org', '+44 113 496 0000', E'1 High Street\nLeeds', '2010-01-01', true, false, 500.00, 30),
    (2, 'B1', 'Bo', 'retail', null, null, null, null, true, true, 100.00, 30),
    (3, 'K7', 'Hill, Dale "and" Co', 'wholesale', 'hill@example.org', null, 'Dale 7', '2012-02-29', true, false, 250.00, 45),
    (4, 'P1', 'Pia', 'retail', null, null, null, null, true, false, 0.00, 30),
    (5, 'X9', null, 'retail', null, null, null, null, false, false, 0.00, 30);

insert into retail.product (stock_code, name) values ('1', 'Thing');

insert into retail.sale (id, invoice_number, sold_at, customer_id, country, kind, status, discount, tax, due_on)
values
    (1, 'I1', '2014-04-26 09:00+00', 1, 'United Kingdom', 'sale', 'credit', 0, 0, '2014-05-26'),
    (2, 'I2', '2014-06-01 09:00+00', 3, 'United Kingdom', 'sale', 'credit', 5.00, 15.00, '2014-07-16'),
    (3, 'I3', '2014-01-01 09:00+00', 3, 'United Kingdom', 'sale', 'credit', 0, 0, '2014-02-15'),
    (4, 'I4', '2014-03-01 09:00+00', 3, 'United Kingdom', 'sale', 'credit', 0, 0, '2014-04-15'),
    (5, 'I5', '2014-06-01 10:00+00', 2, 'United Kingdom', 'sale', 'completed', 0, 0, '2014-07-01'),
    (6, 'I6', '2014-05-05 10:00+00', 5, 'United Kingdom', 'sale', 'completed', 0, 0, null),
    (7, 'C1', '2014-06-10 09:00+00', 1, 'United Kingdom', 'cancellation', 'completed', 0, 0, '2014-06-10'),
    (8, 'I7', '2014-06-30 23:00+00', 1, 'United Kingdom', 'sale', 'credit', 0, 0, '2014-07-31');

insert into retail.sale_line (sale_id, line_number, stock_code, quantity, unit_price, sold_at)
select id, 1, '1', case when kind = 'sale' then 1 else -1 end, price, sold_at
from (values (1, 200.00), (2, 90.00), (3, 300.00), (4, 80.00), (5, 10.00), (6, 12.00), (7, 50.00), (8, 999.00)) as priced (id, price)
join retail.sale using (id);

insert into retail.payment (sale_id, paid_at, method, amount)
values
    (2, '2014-06-20 09:00+00', 'transfer', 40.00), (2, '2014-06-30 23:00+00', 'transfer', 60.00), (3, '2014-03-01 10:00+00', 'transfer', 100.00),
    (5, '2014-06-02 10:00+00', 'card', 10.00), (6, '2014-05-05 10:00+00', 'cash', 12.00);

insert into retail.account_posting (customer_id, sale_id, posted_at, kind, amount, reference)
values (3, 3, '2014-06-15 09:00+00', 'write-off', -50.00, 'W1'), (4, null, '2014-06-05 09:00+00', 'payment on account', -25.00, 'A1');
