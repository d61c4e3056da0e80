select
    header.reference,
    contract.number as contract_number,
    contract.name as contract_name,
    project.name as project_name,
    contract.counterparty_name as vendor_name,
    period.name as billing_period,
    period.start_date as period_start,
    period.end_date as period_end,
    header.due_date,
    header.currency,
    header.subtotal,
    header.tax,
    header.subtotal + header.tax as total
from energy.expected_invoice_header as header
join energy.billing_period as period on period.id = header.billing_period_id
join energy.contract on contract.id = header.contract_id
join energy.project on project.id = contract.project_id
where header.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
order by header.reference
