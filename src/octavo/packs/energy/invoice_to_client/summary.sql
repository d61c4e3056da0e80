-- Totals are those of the section invoices, so that the two cannot differ: tax is rounded once for each invoice and rate.
with figure as (
    select
        count(*) as invoices,
        coalesce(sum(header.lines), 0) as lines,
        count(distinct header.currency) as currencies,
        min(header.currency) as currency,
        coalesce(sum(header.subtotal), 0) as subtotal,
        coalesce(sum(header.tax), 0) as tax
    from energy.invoice_header as header
    join energy.contract on contract.id = header.contract_id
    where header.billing_period_id = %(billing_period_id)s
        and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
)
select
    invoices,
    lines,
    case when currencies = 1 then currency end as currency,
    case when currencies <= 1 then subtotal end as subtotal,
    case when currencies <= 1 then tax end as tax,
    case when currencies <= 1 then subtotal + tax end as total
from figure
