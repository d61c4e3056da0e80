-- The balance runs over the whole account, so that it is right although only the last entries are listed.
select customer.number as customer_id, customer.name, entry.booked_at, entry.kind, entry.reference, entry.amount, entry.balance_after
from base as customer
join (
    select *,
        sum(amount) over (partition by customer_id order by booked_at, reference, kind, amount rows unbounded preceding) as balance_after,
        row_number() over (partition by customer_id order by booked_at, reference, kind, amount) as place,
        count(*) over (partition by customer_id) as entries
    from retail.account_entry
    where booked_at < %(as_of_until)s
) as entry on entry.customer_id = customer.id
where entry.entries - entry.place < 50
order by customer.number, entry.place
