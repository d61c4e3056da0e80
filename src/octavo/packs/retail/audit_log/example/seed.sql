-- The events of June 2014 in London: four, two of them sales by u1, one by nobody. Event 5 is of 1 July there.
-- JSON is kept with shorter keys first; that nothing is in a list or an object leaves the cell empty.

insert into retail.customer (id, number, name) values (1, '0042', 'Anna Weiß');
insert into retail.sale (id, invoice_number, sold_at, country) values (1, '0007', '2014-05-31 23:30+00', 'Germany'), (2, '0008', '2014-06-02 09:00+00', 'Germany');

insert into retail.audit_event (id, occurred_at, event_type, user_id, user_name, user_email, ip_address, user_agent, sale_id, customer_id, description, details)
values
    (1, '2014-05-31 23:30+00', 'sale.completed', 'u1', 'Zoë Bär', 'zoe@example.org', '192.0.2.1', 'Till 4.2', 1, 1, 'Invoice 0007',
        '{"total": 12.50, "items": [{"code": "0815", "quantity": 2}, {"code": "0816", "quantity": 1}], "paid": true, "note": null}'),
    (2, '2014-06-02 08:00+00', 'user.signed_in', 'u2', 'O''Neill, Pat', 'pat@example.org', '2001:db8::1', 'Browser "new"', null, null, null, '{}'),
    (3, '2014-06-02 09:00+00', 'sale.completed', 'u1', 'Zoë Bär', 'zoe@example.org', '192.0.2.1', 'Till 4.2', 2, null, 'Invoice 0008', null),
    (4, '2014-06-03 08:00+00', 'stock.counted', null, null, null, null, null, null, null, 'Count, by night', '["a", 1, {"unit_price": {"before": 1.50, "after": 2}}]'),
    (5, '2014-06-30 23:00+00', 'user.signed_in', 'u2', 'O''Neill, Pat', 'pat@example.org', '2001:db8::1', null, null, null, null, null);
