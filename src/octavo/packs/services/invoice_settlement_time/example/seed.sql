-- Asked: the invoices of 2014 as of 30 September 2014.
--
--   invoice  issued   due      total     paid                          days  status, days late at 30 September
--   2014-01  10 Jan   9 Feb      500.00  15 Jan                           5  settled
--   2014-02   1 Feb   3 Mar      300.00  100 on 20 Feb, 200 on 13 Mar    40  settled, 10
--   2014-03   3 Mar   2 Apr      700.00  2 Apr                           30  settled
--   2014-04   2 Apr   2 May    1,000.00  22 Apr                          20  settled
--   2014-05  14 Apr  14 May    1,250.00                                      overdue, 17 + 30 + 31 + 31 + 30 = 139
--   2014-06   5 May   4 Jun    2,000.00                                      overdue, 26 + 31 + 31 + 30 = 118
--   2014-07  10 Jun  10 Jul    2,500.00                                      overdue, 21 + 31 + 30 = 82
--   2014-08   1 Jul  31 Jul    2,250.00                                      overdue, 31 + 30 = 61
--   2014-09  20 Aug  30 Sep    1,750.00  250 on 1 Sep, 1,500 on 1 Oct        partly paid: what was paid later is not seen
--   2014-10  15 Sep  15 Oct    2,500.00                                      open
--   2013-99 is of 2013, 2014-11 of October; 2014-12 is a draft and 2014-13 void.
--
-- Invoiced 14,750.00, paid 2,750.00, open 12,000.00; overdue 4 of 8,000.00. Settled in 5, 20, 30 and 40 days: mean 95 / 4 = 23.75, median 25,
-- 90th percentile at 3.7 of 4: 30 + 0.7 × 10 = 37. One of four was late.
-- DSO of the year: 12,000 / 14,750 × 365 = 296.9492.
-- Counted back from 12,000: September 2,500, August 1,750, July 2,250, June 2,500 and May 2,000 are 11,000 and 30 + 31 + 31 + 30 + 31 = 153 days; of
-- April's 2,250 the remaining 1,000 are 1,000 / 2,250 × 30 = 13.3333: 166.3333. (The figures are those of a published example of the method,
-- which takes 2,000 of April by mistake and prints 179.7.)

insert into services.customer (id, code, name) values (1, '0042', 'Weiß & Söhne'), (2, 'K7', 'Hill, Dale "and" Co');
insert into services.project (id, code, name, customer_id) values (1, 'P1', 'Website', 1), (2, 'P2', 'Müllheim', 2);

insert into services.invoice (number, customer_id, project_id, status, issued_on, due_on, total)
values
    ('2013-99', 1, 1, 'issued', '2013-12-31', '2014-01-30', 50.00),
    ('2014-01', 1, 1, 'issued', '2014-01-10', '2014-02-09', 500.00),
    ('2014-02', 2, 2, 'issued', '2014-02-01', '2014-03-03', 300.00),
    ('2014-03', 1, null, 'issued', '2014-03-03', '2014-04-02', 700.00),
    ('2014-04', 2, 2, 'issued', '2014-04-02', '2014-05-02', 1000.00),
    ('2014-05', 1, 1, 'issued', '2014-04-14', '2014-05-14', 1250.00),
    ('2014-06', 1, 1, 'issued', '2014-05-05', '2014-06-04', 2000.00),
    ('2014-07', 2, null, 'issued', '2014-06-10', '2014-07-10', 2500.00),
    ('2014-08', 1, null, 'issued', '2014-07-01', '2014-07-31', 2250.00),
    ('2014-09', 2, null, 'issued', '2014-08-20', '2014-09-30', 1750.00),
    ('2014-10', 2, 2, 'issued', '2014-09-15', '2014-10-15', 2500.00),
    ('2014-11', 2, 2, 'issued', '2014-10-01', '2014-10-31', 80.00),
    ('2014-12', 1, 1, 'draft', '2014-09-01', '2014-10-01', 999.00),
    ('2014-13', 1, 1, 'void', '2014-09-02', '2014-10-02', 888.00);

insert into services.payment (number, customer_id, received_on, method, amount)
values
    ('R1', 1, '2014-01-05', 'cash', 50.00), ('R2', 1, '2014-01-15', 'card', 500.00), ('R3', 2, '2014-02-20', 'bank transfer', 100.00),
    ('R4', 2, '2014-03-13', 'bank transfer', 200.00), ('R5', 1, '2014-04-02', 'bank transfer', 700.00), ('R6', 2, '2014-04-22', 'bank transfer', 1000.00),
    ('R7', 2, '2014-09-01', 'bank transfer', 250.00), ('R8', 2, '2014-10-01', 'bank transfer', 1500.00);

insert into services.payment_allocation (payment_id, invoice_id, amount)
select payment.id, invoice.id, payment.amount
from (values ('R1', '2013-99'), ('R2', '2014-01'), ('R3', '2014-02'), ('R4', '2014-02'), ('R5', '2014-03'), ('R6', '2014-04'), ('R7', '2014-09'), ('R8', '2014-09'))
    as settles (payment, invoice)
join services.payment on payment.number = settles.payment
join services.invoice on invoice.number = settles.invoice;
