-- Stock at the end of 30 June 2014 in London.
--
--   0101  +8 at 10: worth 80; +4 at 16: (80 + 64) / 12 = 12 each, 144; -10 sold: 24; 1 back to the vendor at the average, not at what was paid: 12.
--         (This is a published example of the method; the receipt of 1 July is not seen.) 1 is left, and 2 is the level at which to order.
--   0102  5 at 8 for S2, one of which went to S1: worth 40 before and after. Sold at 10: margin 2 / 10 = 20 %, markup 2 / 8 = 25 %.
--   0201  2 that cost nothing and are given away: no margin of a price of 0, no markup on a cost of 0.
--   0301  3 missed when counted, of which nobody knows the cost: below zero, and worth nothing that can be told.
--
-- Worth 12 + 40 + 0 = 52.00; at prices 15 + 50 + 0 - 3 = 62.00. Where both are known, 13 of 65 is 20 % and 13 of 52 is 25 %.
-- S2 32.00, 61.5385 of a hundred; S1 20.00, 38.4615.

insert into retail.store (id, code, name) values (1, 'S1', 'Old Town'), (2, 'S2', 'Süd');
insert into retail.product (stock_code, name, category, barcode, reorder_level, unit_price)
values ('0101', 'Teapot "Blue"', 'Kitchen', '0040', 2, 15.00), ('0102', 'Cup', 'Kitchen', null, 2, 10.00), ('0201', 'Lamp, small', 'Light', null, 0, 0.00), ('0301', 'Nail', null, null, 0, 1.00);

insert into retail.stock_movement (store_id, stock_code, moved_at, kind, quantity, unit_cost, reference)
values
    (1, '0101', '2014-06-01 09:00+00', 'receipt', 8, 10.00, 'B-1'),
    (2, '0102', '2014-06-02 09:00+00', 'receipt', 5, 8.00, 'B-2'),
    (1, '0201', '2014-06-03 09:00+00', 'receipt', 2, 0.00, 'B-3'),
    (1, '0101', '2014-06-05 09:00+00', 'receipt', 4, 16.00, 'B-4'),
    (1, '0101', '2014-06-10 09:00+00', 'sale', -10, null, 'I1'),
    (1, '0101', '2014-06-12 09:00+00', 'vendor return', -1, null, 'V-1'),
    (2, '0102', '2014-06-20 09:00+00', 'transfer', -1, null, 'T-1'),
    (1, '0102', '2014-06-20 09:00+00', 'transfer', 1, null, 'T-1'),
    (1, '0301', '2014-06-25 09:00+00', 'adjustment', -3, null, 'count'),
    (1, '0101', '2014-06-30 23:00+00', 'receipt', 100, 1.00, 'B-5');
