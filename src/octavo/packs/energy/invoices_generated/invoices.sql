with chosen as (
    select header.*, contract.number as contract_number, contract.name as contract_name, contract.counterparty_name,
        contract.counterparty_vat_number, contract.project_id
    from energy.invoice_header as header
    join energy.contract on contract.id = header.contract_id
    where (%(period_start)s::date is null or header.issue_date >= %(period_start)s)
        and (%(period_end)s::date is null or header.issue_date < %(period_end)s)
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
        and (%(status)s::text is null or header.status = %(status)s)
), rate as (
    select
        line.invoice_header_id,
        count(*) as lines,
        sum(line.line_total) as taxable_amount,
        round(sum(line.line_total) * line.tax_rate / 100, 2) as tax_amount
    from energy.invoice_line as line
    where line.invoice_header_id in (select id from chosen)
    group by line.invoice_header_id, line.tax_rate
), amount as (
    select invoice_header_id, sum(lines) as lines, sum(taxable_amount) as subtotal, sum(tax_amount) as tax
    from rate
    group by invoice_header_id
)
select
    chosen.invoice_number,
    chosen.issue_date,
    chosen.due_date,
    chosen.status,
    chosen.contract_number,
    chosen.contract_name,
    project.name as project_name,
    period.name as billing_period,
    period.start_date as period_start,
    period.end_date as period_end,
    chosen.counterparty_name as buyer_name,
    chosen.counterparty_vat_number as buyer_vat_number,
    coalesce(amount.lines, 0) as lines,
    chosen.currency,
    coalesce(amount.subtotal, 0) as subtotal,
    coalesce(amount.tax, 0) as tax,
    coalesce(amount.subtotal + amount.tax, 0) as total
from chosen
join energy.billing_period as period on period.id = chosen.billing_period_id
join energy.project on project.id = chosen.project_id
left join amount on amount.invoice_header_id = chosen.id
order by chosen.invoice_number
