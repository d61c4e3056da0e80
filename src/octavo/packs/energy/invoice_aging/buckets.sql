with aged as (
    select aged.*
    from energy.aged_receivables(%(as_of_end)s::date - 1, %(basis)s, %(credits)s) as aged
    join energy.contract on contract.id = aged.contract_id
    where (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or contract.id = %(contract_id)s)
)
select
    bucket.name as bucket,
    aged.currency,
    sum(bucket.amount) as amount,
    round(100 * sum(bucket.amount) / nullif(sum(sum(bucket.amount)) over (partition by aged.currency), 0), 4) as share
from aged
cross join lateral (
    values (1, 'Current', not_due), (2, '1–30', days_30), (3, '31–60', days_60), (4, '61–90', days_90), (5, '91–120', days_120),
        (6, 'Over 120', days_over_120), (7, 'Unapplied credits', unapplied_credits)
) as bucket (position, name, amount)
group by aged.currency, bucket.position, bucket.name
order by aged.currency, bucket.position
