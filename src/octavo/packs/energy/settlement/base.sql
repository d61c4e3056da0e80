-- Every line of the settlement, with what is told of its contract.
with invoiced as (
    select header.contract_id, header.currency, sum(amount.subtotal) as amount
    from energy.invoice_header as header
    join energy.invoice_amount as amount on amount.invoice_header_id = header.id
    where header.billing_period_id = %(billing_period_id)s and header.status <> 'draft'
    group by header.contract_id, header.currency
), metered as (
    select days.project_id, sum(days.net_kwh) * 0.001 as net_mwh
    from energy.billing_period as period
    cross join lateral energy.metered_days(period.start_date, period.end_date + 1, null) as days
    where period.id = %(billing_period_id)s
    group by days.project_id
)
select
    line.*, contract.number as contract_number, contract.name as contract_name, contract.counterparty_name as buyer_name,
    project.id as project_id, project.name as project_name, project.time_zone, contract.currency,
    coalesce(metered.net_mwh, 0) as net_mwh,
    coalesce(invoiced.amount, 0) as invoiced_amount
from energy.settlement_lines(%(billing_period_id)s, %(contract_id)s, %(project_id)s) as line
join energy.contract on contract.id = line.contract_id
join energy.project on project.id = contract.project_id
left join metered on metered.project_id = project.id
left join invoiced on invoiced.contract_id = contract.id and invoiced.currency = contract.currency
