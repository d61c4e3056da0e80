with chosen as (
    select header.*, contract.number as contract_number, contract.name as contract_name, contract.counterparty_name, contract.counterparty_vat_number, contract.project_id
    from energy.received_invoice_header as header
    join energy.contract on contract.id = header.contract_id
    where (%(period_start)s::date is null or header.invoice_date >= %(period_start)s)
        and (%(period_end)s::date is null or header.invoice_date < %(period_end)s)
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
        and (%(status)s::text is null or header.status = %(status)s)
), amount as (
    select received_invoice_header_id, count(*) as lines, sum(line_total) as subtotal
    from energy.received_invoice_line
    where received_invoice_header_id in (select id from chosen)
    group by received_invoice_header_id
)
select
    chosen.vendor_invoice_number,
    chosen.invoice_date,
    chosen.received_date,
    chosen.due_date,
    replace(chosen.status, '_', ' ') as status,
    chosen.contract_number,
    chosen.contract_name,
    project.name as project_name,
    period.name as billing_period,
    period.start_date as period_start,
    period.end_date as period_end,
    chosen.counterparty_name as vendor_name,
    chosen.counterparty_vat_number as vendor_vat_number,
    coalesce(amount.lines, 0) as lines,
    chosen.currency,
    coalesce(amount.subtotal, 0) as subtotal,
    chosen.stated_tax,
    chosen.stated_total
from chosen
join energy.billing_period as period on period.id = chosen.billing_period_id
join energy.project on project.id = chosen.project_id
left join amount on amount.received_invoice_header_id = chosen.id
order by chosen.invoice_date, chosen.contract_number, chosen.vendor_invoice_number
