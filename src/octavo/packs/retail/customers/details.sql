-- What was sold counts the cancellations, as lowering it; the number of sales does not.
select
    customer.number as customer_id,
    customer.name,
    customer.customer_type,
    customer.email,
    customer.phone,
    customer.address,
    customer.since,
    customer.active,
    customer.credit_status,
    customer.payment_days,
    customer.credit_limit,
    customer.balance,
    customer.credit_limit - customer.balance as available,
    customer.overdue,
    customer.unapplied_credits,
    coalesce(sale.sales, 0) as sales,
    coalesce(sale.sold, 0) as sold,
    round(sale.sold / nullif(sale.sales, 0), 2) as average_sale,
    sale.last_sale_on,
    account.last_payment_on
from base as customer
left join (
    select customer_id, count(*) filter (where kind = 'sale') as sales, sum(revenue - discount + tax) as sold,
        (max(sold_at) filter (where kind = 'sale'))::date as last_sale_on
    from retail.sale
    where sold_at < %(as_of_until)s
    group by customer_id
) as sale on sale.customer_id = customer.id
left join (
    select customer_id, max(booked_at)::date as last_payment_on
    from retail.account_entry
    where kind in ('payment', 'payment on account') and booked_at < %(as_of_until)s
    group by customer_id
) as account on account.customer_id = customer.id
order by customer.number
