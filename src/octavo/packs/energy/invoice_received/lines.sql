select
    contract.number as contract_number,
    header.vendor_invoice_number,
    line.line_number,
    line.description,
    coalesce(type.name, 'Not classified') as line_type,
    line.quantity,
    line.unit,
    line.unit_price,
    line.line_total,
    header.currency,
    line.tax_rate
from energy.received_invoice_header as header
join energy.contract on contract.id = header.contract_id
join energy.received_invoice_line as line on line.received_invoice_header_id = header.id
left join energy.invoice_line_type as type on type.id = line.invoice_line_type_id
where header.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
order by contract.number, header.vendor_invoice_number, line.line_number
