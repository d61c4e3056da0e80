-- One row an invoice, by its number.
select
    invoice_number,
    sold_at,
    kind,
    status,
    store_code as store_id,
    customer_number as customer_id,
    country,
    lines,
    units,
    revenue,
    discount,
    tax,
    total,
    paid,
    refunded,
    case when lines_without_cost = 0 then cost end as cost,
    case when lines_without_cost = 0 then net_revenue - cost end as profit,
    case when lines_without_cost = 0 then round(100 * (net_revenue - cost) / nullif(net_revenue, 0), 4) end as margin
from retail.sale_figures
where (%(period_from)s::timestamptz is null or sold_at >= %(period_from)s)
    and (%(period_until)s::timestamptz is null or sold_at < %(period_until)s)
    and (%(country)s::text is null or country = %(country)s)
    and (%(store_id)s::text is null or store_code = %(store_id)s)
    and (%(customer_id)s::text is null or customer_number = %(customer_id)s)
order by invoice_number
