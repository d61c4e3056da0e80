select
    header.vendor_invoice_number,
    contract.counterparty_name as vendor_name,
    contract.number as contract_number,
    contract.name as contract_name,
    project.name as project_name,
    period.name as billing_period,
    period.start_date as period_start,
    period.end_date as period_end,
    header.invoice_date,
    header.received_date,
    header.due_date,
    replace(header.status, '_', ' ') as status,
    header.currency,
    header.subtotal,
    header.stated_tax,
    header.stated_total,
    header.stated_total - (header.subtotal + header.tax) as difference,
    header.stated_total = (header.subtotal + header.tax) as adds_up
from energy.received_invoice_header as header
join energy.billing_period as period on period.id = header.billing_period_id
join energy.contract on contract.id = header.contract_id
join energy.project on project.id = contract.project_id
where header.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
order by contract.number, header.vendor_invoice_number
