select
    type.name as line_type,
    header.currency,
    count(*) as lines,
    sum(line.line_total) as amount,
    round(100 * sum(line.line_total) / nullif(sum(sum(line.line_total)) over (partition by header.currency), 0), 4) as share
from energy.expected_invoice_header as header
join energy.contract on contract.id = header.contract_id
join energy.expected_invoice_line as line on line.expected_invoice_header_id = header.id
join energy.invoice_line_type as type on type.id = line.invoice_line_type_id
where header.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
group by header.currency, type.name
order by header.currency, amount desc, type.name
