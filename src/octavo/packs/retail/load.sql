-- Makes sales of the staged invoice lines. Every line is kept, duplicates and negative ones too: they are lines of the invoice.

create temporary table staged_invoice on commit drop as
select "InvoiceNo" as invoice_number, min(line) as line, min("InvoiceDate") as sold_at, min("Country") as country,
    regexp_replace(nullif(min("CustomerID"), ''), '^([0-9]+)\.0+$', '\1') as customer_number,
    min("Country") <> max("Country") as several_countries,
    min(coalesce("CustomerID", '')) <> max(coalesce("CustomerID", '')) as several_customers
from staging
group by "InvoiceNo";

analyze staged_invoice;

select octavo.refuse(concat('invoice ', invoice_number, ' has been loaded before, and would be counted twice; nothing was loaded'))
from (
    select staged.invoice_number from staged_invoice as staged
    join retail.sale on sale.invoice_number = staged.invoice_number
    order by staged.line limit 1
) as known;

select octavo.refuse(concat('invoice ', invoice_number, ' has lines of more than one ', case when several_countries then 'country' else 'customer' end, '; nothing was loaded'))
from (select * from staged_invoice where several_countries or several_customers order by line limit 1) as torn;

insert into retail.customer (number)
select distinct customer_number from staged_invoice where customer_number is not null order by customer_number
on conflict on constraint customer_number_key do nothing;

insert into retail.product (stock_code, name)
select "StockCode", mode() within group (order by "Description") from staging group by "StockCode" order by "StockCode"
on conflict on constraint product_stock_code_key do nothing;

insert into retail.sale (invoice_number, sold_at, customer_id, country, kind)
select staged.invoice_number, staged.sold_at at time zone %(zone)s, customer.id, staged.country,
    case when staged.invoice_number like 'C%%' then 'cancellation' else 'sale' end
from staged_invoice as staged
left join retail.customer on customer.number = staged.customer_number
order by staged.line;

insert into retail.sale_line (sale_id, line_number, stock_code, description, quantity, unit_price, sold_at)
select sale.id, row_number() over (partition by staged.line order by staging.line), staging."StockCode", staging."Description",
    staging."Quantity", staging."UnitPrice", staging."InvoiceDate" at time zone %(zone)s
from staging
join staged_invoice as staged on staged.invoice_number = staging."InvoiceNo"
join retail.sale on sale.invoice_number = staged.invoice_number;

select octavo.gather_statistics('retail');

select 'lines' as label, count(*)::numeric as figure from staging
union all select 'invoices', count(*) from staged_invoice
union all select 'customers', count(distinct customer_number) from staged_invoice
union all select 'sum of the lines', coalesce(sum("Quantity" * "UnitPrice"), 0) from staging;
