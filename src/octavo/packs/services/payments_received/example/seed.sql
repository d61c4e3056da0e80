-- Asked: the payments of June 2014 as of the 25th; percentiles as PERCENTILE.EXC has them.
--
--   payment  received  method          amount    settles                      days late
--   R1       2 June    bank transfer   1,000.00  I1 (due 31 May)              2
--   R2       10 June   card            4,000.00  4,000 of I2 (due 20 June)    0
--   R7       12 June   direct debit    2,000.00  I3 (due 30 June)             0
--   R3       21 June   bank transfer   2,500.00  2,000 of I2                  1; 500 are not applied
--   R4       25 June   cash            1,000.01  nothing
--   R5 came on the 26th, R6 in May.
--
-- Five payments of 10,500.01, of which 9,000.00 are applied and 1,500.01 are not; mean 2,100.002; the third of five is the median; the 90th
-- percentile lies at 0.9 × 6 = 5.4 of five values, where PERCENTILE.EXC has none.

insert into services.customer (id, code, name) values (1, '0042', 'Weiß & Söhne'), (2, 'K7', 'Hill, Dale "and" Co');
insert into services.project (id, code, name, customer_id) values (1, 'P1', 'Website', 1), (2, 'P2', 'Müllheim', 2);

insert into services.invoice (id, number, customer_id, project_id, issued_on, due_on, total)
values
    (1, 'I1', 1, 1, '2014-05-01', '2014-05-31', 1000.00), (2, 'I2', 2, 2, '2014-05-21', '2014-06-20', 6000.00), (3, 'I3', 1, null, '2014-05-31', '2014-06-30', 2000.00);

insert into services.payment (id, number, customer_id, received_on, method, amount)
values
    (1, 'R1', 1, '2014-06-02', 'bank transfer', 1000.00), (2, 'R2', 2, '2014-06-10', 'card', 4000.00), (3, 'R3', 2, '2014-06-21', 'bank transfer', 2500.00),
    (4, 'R4', 1, '2014-06-25', 'cash', 1000.01), (5, 'R5', 1, '2014-06-26', 'cash', 7.00), (6, 'R6', 1, '2014-05-31', 'cash', 8.00),
    (7, 'R7', 1, '2014-06-12', 'direct debit', 2000.00);

insert into services.payment_allocation (payment_id, invoice_id, amount) values (1, 1, 1000.00), (2, 2, 4000.00), (3, 2, 2000.00), (7, 3, 2000.00);
