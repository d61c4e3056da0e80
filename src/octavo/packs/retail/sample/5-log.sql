-- What people did: four people at the tills, one in the office, and the system at night.

insert into retail.audit_event (occurred_at, event_type, user_id, user_name, user_email, ip_address, user_agent, sale_id, customer_id, description, details)
select occurred_at, event_type, person.id, person.name, person.id || '@example.org',
    case when person.id is not null then ('192.0.2.' || 10 + person.n)::inet end, case when person.id is not null then 'Till 4.2 (Linux)' end, sale_id, customer_id, description, details
from (
    select sold_at as occurred_at, case when kind = 'cancellation' then 'sale.cancelled' when status = 'credit' then 'sale.on_account' else 'sale.completed' end as event_type,
        1 + pg_temp.draw('till ' || invoice_number, 4) as n, id as sale_id, customer_id, 'Invoice ' || invoice_number as description,
        jsonb_build_object('lines', lines, 'total', revenue - discount + tax, 'discount', discount > 0) as details
    from retail.sale
    union all
    select posted_at, 'account.' || replace(kind, ' ', '_'), 5, sale_id, account_posting.customer_id, 'Account of customer ' || number, jsonb_build_object('amount', account_posting.amount, 'reference', reference)
    from retail.account_posting
    join retail.customer on customer.id = account_posting.customer_id
    union all
    select date_trunc('day', now()) + interval '11 hours' - make_interval(days => 20 + pg_temp.draw('limit ' || number, 300)), case when blocked then 'customer.blocked' else 'customer.limit_changed' end, 5, null, id, 'Customer ' || number,
        jsonb_build_object('credit_limit', jsonb_build_object('before', round(credit_limit / 2, 2), 'after', credit_limit), 'approved', true)
    from retail.customer
    where blocked or mod(number::integer, 5) = 0
    union all
    select moved_at, 'stock.' || replace(kind, ' ', '_'), case when kind = 'adjustment' then null else 5 end, null, null, 'Product ' || stock_code, jsonb_build_object('quantity', quantity, 'store', store.code)
    from retail.stock_movement
    join retail.store on store.id = stock_movement.store_id
    where kind in ('vendor return', 'adjustment', 'transfer')
) as event
left join (values (1, 'till-1', 'Ada Berg'), (2, 'till-2', 'Bo Chen'), (3, 'till-3', 'Cleo Dunn'), (4, 'till-4', 'Dan Elsner'), (5, 'office', 'Eve Frank')) as person (n, id, name) using (n)
order by occurred_at, event_type collate "C", description collate "C", details::text collate "C";

drop function pg_temp.draw(text, integer);
drop function pg_temp.times(integer);
drop function pg_temp.digits(bigint, integer);

select octavo.gather_statistics('retail');
