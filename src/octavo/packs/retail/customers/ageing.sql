select bucket, coalesce(sum(amount), 0) as amount
from (values (1, '0–30'), (2, '31–60'), (3, '61–90'), (4, 'over 90'), (5, 'unapplied credits')) as known (place, bucket)
left join (
    select aged.place, aged.amount
    from base
    cross join lateral (values (1, days_0_30), (2, days_31_60), (3, days_61_90), (4, over_90), (5, unapplied_credits)) as aged (place, amount)
) as aged using (place)
group by place, bucket
order by place
