-- June 2014 of a small shop, in the time zone Europe/London. Six invoices; the first and the last are not of June:
-- 10000 was begun a second before June in London, and 10004 at the very end of it; 10001, at 23:30 UTC on 31 May, is of 1 June.
--
--   invoice   lines                                revenue   discount   tax 20 %   total     paid     refunded   cost
--   10001     10 x 1.25 = 12.50, 1 x 18.5 = 18.5     31.00       1.00       6.00    36.00    36.00               10 x 0.50 + 9.25 = 14.25
--   10002     2 x 18.5 = 37.0, 4 x 1.25 = 5.00       42.00       0          8.40    50.40    50.40               2 x 9.25 + 4 x 0.50 = 20.50
--   10003     100 x 0.999 = 99.900, 1 x 0 = 0        99.900      0         19.98   119.880   60.00               100 x 0.50 + 9.25 = 59.25
--   C10001    -1 x 18.5 = -18.5                     -18.5        0         -3.70   -22.20               22.20    -9.25
--   all                                             154.400      1.00      30.68   184.080  146.40      22.20    84.75
--
-- Profit is revenue less discount and cost, margin its share of revenue less discount:
--   10001 15.75 of 30.00 = 52.5; 10002 21.50 of 42.00 = 51.1905; 10003 40.650 of 99.900 = 40.6907; C10001 -9.25 of -18.5 = 50;
--   all 68.650 of 153.400 = 44.7523.
-- Countries: United Kingdom 42.00 + 99.900 = 141.900, which is 91.9041 of a hundred; Germany 31.00 - 18.5 = 12.50, 8.0959.
-- Units: 11 + 6 + 101 - 1 = 117.

insert into retail.store (code, name) values ('S1', 'Old Town');

insert into retail.customer (number, name) values ('0042', 'Anna Weiß'), ('17850', null);

insert into retail.product (stock_code, name, category, unit_cost, unit_price) values
    ('0815', 'Card 7" x 5", "Grüße"', 'Paper', 0.50, 1.25),
    ('22041', 'Teapot', 'Kitchen', 9.25, 18.5);

insert into retail.sale (invoice_number, sold_at, store_id, customer_id, country, kind, status, discount, tax)
select invoice_number, sold_at::timestamptz, store.id, customer.id, country, kind, status, discount, tax
from (values
    ('10000', '2014-05-31 22:59:59+00', 'S1', '0042', 'Germany', 'sale', 'completed', 0, 3.70),
    ('10001', '2014-05-31 23:30:00+00', 'S1', '0042', 'Germany', 'sale', 'completed', 1.00, 6.00),
    ('10002', '2014-06-02 09:15:00+00', null, null, 'United Kingdom', 'sale', 'completed', 0, 8.40),
    ('10003', '2014-06-02 15:40:00+00', 'S1', '17850', 'United Kingdom', 'sale', 'credit', 0, 19.98),
    ('C10001', '2014-06-05 08:00:00+00', 'S1', '0042', 'Germany', 'cancellation', 'completed', 0, -3.70),
    ('10004', '2014-06-30 23:00:00+00', null, null, 'France', 'sale', 'completed', 0, 3.70)
) as given (invoice_number, sold_at, store, customer, country, kind, status, discount, tax)
left join retail.store on store.code = given.store
left join retail.customer on customer.number = given.customer;

insert into retail.sale_line (sale_id, line_number, stock_code, description, quantity, unit_price, unit_cost, sold_at)
select sale.id, line_number, stock_code, description, quantity, unit_price, unit_cost, sale.sold_at + make_interval(mins => minutes_later)
from (values
    ('10000', 1, '22041', 'Teapot', 1, 18.5, 9.25, 0),
    ('10001', 1, '0815', 'Card 7" x 5", "Grüße"', 10, 1.25, 0.50, 0),
    ('10001', 2, '22041', ' Teapot', 1, 18.5, 9.25, 0),
    ('10002', 1, '22041', 'Teapot', 2, 18.5, 9.25, 0),
    ('10002', 2, '0815', '', 4, 1.25, 0.50, 0),
    ('10003', 1, '0815', null, 100, 0.999, 0.50, 0),
    ('10003', 2, '22041', 'Teapot', 1, 0, 9.25, 1),
    ('C10001', 1, '22041', 'Teapot', -1, 18.5, 9.25, 0),
    ('10004', 1, '22041', 'Teapot', 1, 18.5, 9.25, 0)
) as given (invoice_number, line_number, stock_code, description, quantity, unit_price, unit_cost, minutes_later)
join retail.sale using (invoice_number);

insert into retail.payment (sale_id, paid_at, method, amount)
select sale.id, sale.sold_at, method, amount
from (values ('10000', 'card', 22.20), ('10001', 'card', 36.00), ('10002', 'cash', 50.40), ('10003', 'transfer', 60.00), ('10004', 'card', 22.20))
    as given (invoice_number, method, amount)
join retail.sale using (invoice_number);

insert into retail.refund (sale_id, refunded_at, method, amount)
select id, sold_at, 'card', 22.20 from retail.sale where invoice_number = 'C10001';
