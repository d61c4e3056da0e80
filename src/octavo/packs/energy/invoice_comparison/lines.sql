select
    contract.number || ': ' || coalesce(expected.reference, 'not expected') || ' / ' || coalesce(received.vendor_invoice_number, 'not received') as comparison,
    line.match,
    line.line_type,
    line.expected_description,
    line.received_description,
    comparison.currency,
    line.expected_amount,
    line.received_amount,
    line.variance_amount,
    line.variance_percent,
    line.cause,
    line.discrepancy,
    line.remark
from energy.compare_invoice_lines(
    %(billing_period_id)s, %(contract_id)s, %(project_id)s, %(tolerance_percent)s, %(tolerance_amount)s, %(tolerance_rule)s
) as line
join energy.invoice_comparison as comparison on comparison.id = line.invoice_comparison_id
join energy.contract on contract.id = comparison.contract_id
left join energy.expected_invoice_header as expected on expected.id = comparison.expected_invoice_header_id
left join energy.received_invoice_header as received on received.id = comparison.received_invoice_header_id
order by contract.number, expected.reference nulls last, received.vendor_invoice_number nulls last, comparison.id,
    line.expected_line_number nulls last, line.received_line_number
