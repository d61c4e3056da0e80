-- Asked: quotes created in June and July 2014 in London, as of 31 August; cycle times of decided quotes; percentiles as values that are there.
--
--   quote  created (London)     closed      days  status at the end of 31 August         amount
--   Q1     1 June, 00:30        2 June        1   accepted                               1,000.00
--   Q2     10 June              20 June      10   accepted; two versions, the first 2,000  1,800.00
--   Q3     15 June              15 July      30   rejected                                 500.00
--   Q4     1 July               5 July        4   accepted                               1,200.00
--   Q5     10 July              10 August    31   expired                                  300.00
--   Q6     20 July              -             -   sent: it was accepted on 1 September; its last day was 19 August, so it is overdue   2,500.00
--   Q7     31 July, 23:59:59    -             -   draft                                    100.00
--   Q8     1 August, 00:00: not of July
--
-- 7 quotes of 7,400.00; won 3 of 4,000.00, lost 1: win rate 3 of 4, close rate 3 of 7, conversion 5 of 7.
-- Decided: 1, 4, 10 and 30 days; mean 45 / 4 = 11.25; of four values half is reached by the second, 90 per cent by the fourth.

insert into services.customer (id, code, name) values (1, '0042', 'Weiß & Söhne'), (2, 'K7', 'Hill, Dale "and" Co');
insert into services.project (id, code, name, customer_id) values (1, 'P1', 'Website', 1), (2, 'P2', 'Müllheim', 2);

insert into services.quote (number, version, customer_id, project_id, status, created_at, sent_at, valid_until, closed_at, amount)
values
    ('Q1', 1, 1, 1, 'accepted', '2014-05-31 23:30+00', '2014-06-01 08:00+00', '2014-06-30', '2014-06-02 09:00+00', 1000.00),
    ('Q2', 1, 2, 2, 'withdrawn', '2014-06-10 10:00+00', '2014-06-10 11:00+00', '2014-07-10', '2014-06-12 08:00+00', 2000.00),
    ('Q2', 2, 2, 2, 'accepted', '2014-06-12 10:00+00', '2014-06-12 11:00+00', '2014-07-12', '2014-06-20 15:00+00', 1800.00),
    ('Q3', 1, 1, null, 'rejected', '2014-06-15 10:00+00', '2014-06-15 12:00+00', null, '2014-07-15 10:00+00', 500.00),
    ('Q4', 1, 1, 1, 'accepted', '2014-07-01 10:00+00', '2014-07-01 12:00+00', '2014-07-31', '2014-07-05 10:00+00', 1200.00),
    ('Q5', 1, 2, null, 'expired', '2014-07-10 10:00+00', '2014-07-10 12:00+00', '2014-08-09', '2014-08-10 10:00+00', 300.00),
    ('Q6', 1, 2, 2, 'accepted', '2014-07-20 10:00+00', '2014-07-21 12:00+00', '2014-08-19', '2014-09-01 10:00+00', 2500.00),
    ('Q7', 1, 1, 1, 'draft', '2014-07-31 22:59:59+00', null, null, null, 100.00),
    ('Q8', 1, 1, 1, 'accepted', '2014-07-31 23:00:00+00', '2014-08-01 12:00+00', null, '2014-08-02 10:00+00', 900.00);
