with figure as (
    select
        count(*) as invoices,
        coalesce(sum(header.lines), 0) as lines,
        count(*) filter (where header.stated_total <> header.subtotal + header.tax) as not_adding_up,
        count(distinct header.currency) as currencies,
        min(header.currency) as currency,
        coalesce(sum(header.subtotal), 0) as subtotal,
        coalesce(sum(header.stated_tax), 0) as stated_tax,
        coalesce(sum(header.stated_total), 0) as stated_total
    from energy.received_invoice_header as header
    join energy.contract on contract.id = header.contract_id
    where header.billing_period_id = %(billing_period_id)s
        and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
)
select
    invoices,
    lines,
    not_adding_up,
    case when currencies = 1 then currency end as currency,
    case when currencies <= 1 then subtotal end as subtotal,
    case when currencies <= 1 then stated_tax end as stated_tax,
    case when currencies <= 1 then stated_total end as stated_total
from figure
