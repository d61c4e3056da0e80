select
    contract.number as contract_number,
    expected.reference as expected_reference,
    received.vendor_invoice_number,
    contract.name as contract_name,
    project.name as project_name,
    period.name as billing_period,
    period.start_date as period_start,
    period.end_date as period_end,
    comparison.status,
    comparison.currency,
    coalesce(line.expected_amount, 0) as expected_amount,
    coalesce(line.received_amount, 0) as received_amount,
    coalesce(line.received_amount, 0) - coalesce(line.expected_amount, 0) as variance_amount,
    energy.variance_percent(line.expected_amount, line.received_amount) as variance_percent,
    energy.exceeds_tolerance(
        line.expected_amount, line.received_amount, %(tolerance_percent)s, %(tolerance_amount)s, %(tolerance_rule)s
    ) as discrepancy,
    line.discrepancies as line_discrepancies
from energy.invoice_comparison as comparison
join energy.billing_period as period on period.id = comparison.billing_period_id
join energy.contract on contract.id = comparison.contract_id
join energy.project on project.id = contract.project_id
left join energy.expected_invoice_header as expected on expected.id = comparison.expected_invoice_header_id
left join energy.received_invoice_header as received on received.id = comparison.received_invoice_header_id
cross join lateral (
    select
        sum(compared.expected) as expected_amount,
        sum(compared.received) as received_amount,
        count(*) filter (
            where energy.exceeds_tolerance(compared.expected, compared.received, %(tolerance_percent)s, %(tolerance_amount)s, %(tolerance_rule)s)
        ) as discrepancies
    from unnest(comparison.compared_expected, comparison.compared_received) as compared (expected, received)
) as line
where comparison.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or comparison.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
order by contract.number, expected.reference nulls last, received.vendor_invoice_number nulls last, comparison.id
