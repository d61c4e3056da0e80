select
    header.invoice_number,
    line.tax_rate,
    sum(line.line_total) as taxable_amount,
    round(sum(line.line_total) * line.tax_rate / 100, 2) as tax_amount,
    header.currency
from energy.invoice_header as header
join energy.contract on contract.id = header.contract_id
join energy.invoice_line as line on line.invoice_header_id = header.id
where header.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
group by header.invoice_number, header.currency, line.tax_rate
order by header.invoice_number, line.tax_rate desc
