with line as (
    select
        coalesce(sum(lines), 0) as lines,
        coalesce(sum(discrepancies), 0) as discrepancies,
        coalesce(sum(expected_amount), 0) as expected_amount,
        coalesce(sum(received_amount), 0) as received_amount
    from base
), figure as (
    select count(*) as comparisons, count(distinct comparison.currency) as currencies, min(comparison.currency) as currency
    from energy.invoice_comparison as comparison
    join energy.contract on contract.id = comparison.contract_id
    where comparison.billing_period_id = %(billing_period_id)s
        and (%(contract_id)s is null or comparison.contract_id = %(contract_id)s)
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
)
select
    comparisons,
    lines,
    discrepancies,
    case when currencies = 1 then currency end as currency,
    case when currencies <= 1 then expected_amount end as expected_amount,
    case when currencies <= 1 then received_amount end as received_amount,
    case when currencies <= 1 then received_amount - expected_amount end as variance_amount,
    case when currencies <= 1 then energy.variance_percent(expected_amount, received_amount) end as variance_percent
from figure
cross join line
