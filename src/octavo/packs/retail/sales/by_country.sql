select
    country,
    count(*) as invoices,
    count(distinct customer_id) as customers,
    sum(units) as units,
    sum(revenue) as revenue
from retail.sale_figures
where (%(period_from)s::timestamptz is null or sold_at >= %(period_from)s)
    and (%(period_until)s::timestamptz is null or sold_at < %(period_until)s)
    and (%(country)s::text is null or country = %(country)s)
    and (%(store_id)s::text is null or store_code = %(store_id)s)
    and (%(customer_id)s::text is null or customer_number = %(customer_id)s)
group by country
order by revenue desc, country
