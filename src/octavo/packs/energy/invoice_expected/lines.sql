select
    header.reference,
    line.line_number,
    line.description,
    type.name as line_type,
    line.calculation,
    line.quantity,
    line.unit,
    line.unit_price,
    line.line_total,
    header.currency,
    line.tax_rate,
    metered.total_value as metered_value,
    metered.unit as metered_unit,
    replace(metered.aggregation_type, '_', ' ') as aggregation_type
from energy.expected_invoice_header as header
join energy.contract on contract.id = header.contract_id
join energy.expected_invoice_line as line on line.expected_invoice_header_id = header.id
join energy.invoice_line_type as type on type.id = line.invoice_line_type_id
left join energy.meter_aggregate as metered on metered.id = line.meter_aggregate_id
where header.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
order by header.reference, line.line_number
