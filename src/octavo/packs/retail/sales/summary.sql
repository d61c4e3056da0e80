-- What was sold in all. Profit is told only where the cost of every line is known: a guess would look like a figure.
with figure as (
    select
        count(*) as invoices,
        count(*) filter (where kind = 'cancellation') as cancellations,
        count(distinct customer_id) as customers,
        coalesce(sum(lines), 0) as lines,
        coalesce(sum(units), 0) as units,
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(revenue) filter (where kind = 'cancellation'), 0) as cancelled,
        coalesce(sum(discount), 0) as discount,
        coalesce(sum(tax), 0) as tax,
        coalesce(sum(paid), 0) as paid,
        coalesce(sum(refunded), 0) as refunded,
        coalesce(sum(lines_without_cost), 0) as lines_without_cost,
        coalesce(sum(cost), 0) as cost
    from retail.sale_figures
    where (%(period_from)s::timestamptz is null or sold_at >= %(period_from)s)
        and (%(period_until)s::timestamptz is null or sold_at < %(period_until)s)
        and (%(country)s::text is null or country = %(country)s)
        and (%(store_id)s::text is null or store_code = %(store_id)s)
        and (%(customer_id)s::text is null or customer_number = %(customer_id)s)
)
select
    invoices,
    cancellations,
    customers,
    lines,
    units,
    revenue,
    cancelled,
    discount,
    revenue - discount as net_revenue,
    tax,
    revenue - discount + tax as total,
    paid,
    refunded,
    case when lines_without_cost = 0 then cost end as cost,
    case when lines_without_cost = 0 then revenue - discount - cost end as profit,
    case when lines_without_cost = 0 then round(100 * (revenue - discount - cost) / nullif(revenue - discount, 0), 4) end as margin
from figure
