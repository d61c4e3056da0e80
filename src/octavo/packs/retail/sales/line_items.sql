-- One row a line, in the order of the invoices. The period is that of the invoice, so that it is never torn between two periods.
select
    sale.invoice_number,
    line.sold_at,
    line.stock_code,
    line.description,
    customer.number as customer_id,
    sale.country,
    line.quantity,
    line.unit_price,
    line.line_total
from retail.sale
join retail.sale_line as line on line.sale_id = sale.id
left join retail.customer on customer.id = sale.customer_id
left join retail.store on store.id = sale.store_id
where (%(period_from)s::timestamptz is null or sale.sold_at >= %(period_from)s)
    and (%(period_until)s::timestamptz is null or sale.sold_at < %(period_until)s)
    and (%(country)s::text is null or sale.country = %(country)s)
    and (%(store_id)s::text is null or store.code = %(store_id)s)
    and (%(customer_id)s::text is null or customer.number = %(customer_id)s)
order by sale.invoice_number, line.line_number
