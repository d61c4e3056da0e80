-- Every line of every compared invoice, held against its other: what stands with each comparison, added up by what the key figures tell apart.
select
    comparison.currency,
    coalesce(type.name, 'Not classified') as line_type,
    energy.match_of(line.expected, line.received) as match,
    count(*) as lines,
    count(*) filter (
        where energy.exceeds_tolerance(line.expected, line.received, %(tolerance_percent)s, %(tolerance_amount)s, %(tolerance_rule)s)
    ) as discrepancies,
    sum(line.expected) as expected_amount,
    sum(line.received) as received_amount
from energy.invoice_comparison as comparison
join energy.contract on contract.id = comparison.contract_id
cross join lateral unnest(comparison.compared_types, comparison.compared_expected, comparison.compared_received) as line (type_id, expected, received)
left join energy.invoice_line_type as type on type.id = line.type_id
where comparison.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or comparison.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
group by comparison.currency, type.name, energy.match_of(line.expected, line.received)
