with line as (
    select
        contract_id,
        sum(amount) filter (where kind in ('energy', 'deemed energy', 'monthly payment')) as energy_amount,
        sum(amount) filter (where kind = 'adjustment') as adjustment_amount,
        sum(amount) filter (where kind = 'liquidated damages') as damages_amount,
        sum(amount) as net_amount
    from energy.settlement_lines(%(billing_period_id)s, %(contract_id)s, %(project_id)s)
    group by contract_id
), invoiced as (
    select header.contract_id, header.currency, sum(amount.subtotal) as amount
    from energy.invoice_header as header
    join energy.invoice_amount as amount on amount.invoice_header_id = header.id
    where header.billing_period_id = %(billing_period_id)s and header.status <> 'draft'
    group by header.contract_id, header.currency
), metered as (
    select days.project_id, days.time_zone, sum(days.net_kwh) * 0.001 as net_mwh
    from energy.billing_period as period
    cross join lateral energy.metered_days(period.start_date, period.end_date + 1, null) as days
    where period.id = %(billing_period_id)s
    group by days.project_id, days.time_zone
), settled as (
    select
        contract.number as contract_number, contract.counterparty_name as buyer_name, project.name as project_name, project.id as project_id,
        project.time_zone, coalesce(metered.net_mwh, 0) as net_mwh, contract.currency,
        coalesce(line.energy_amount, 0) as energy_amount,
        coalesce(line.adjustment_amount, 0) as adjustment_amount,
        coalesce(line.damages_amount, 0) as damages_amount,
        line.net_amount,
        coalesce(invoiced.amount, 0) as invoiced_amount,
        coalesce(invoiced.amount, 0) - line.net_amount as difference
    from line
    join energy.contract on contract.id = line.contract_id
    join energy.project on project.id = contract.project_id
    left join metered on metered.project_id = project.id
    left join invoiced on invoiced.contract_id = contract.id and invoiced.currency = contract.currency
)
select * from settled
