select
    days.day,
    sum(days.readings) as readings,
    sum(days.net_kwh) * 0.001 as net_mwh,
    sum(days.lost_kwh) * 0.001 as lost_mwh,
    sum(days.curtailed_kwh) * 0.001 as curtailed_mwh
from energy.billing_period as period
cross join lateral energy.metered_days(period.start_date, period.end_date + 1, null) as days
where period.id = %(billing_period_id)s
    and exists (
        select from energy.contract
        where contract.project_id = days.project_id and contract.kind = 'ppa'
            and contract.start_date <= period.end_date and coalesce(contract.end_date, 'infinity') >= period.start_date
            and (%(contract_id)s is null or contract.id = %(contract_id)s) and (%(project_id)s is null or contract.project_id = %(project_id)s)
    )
group by days.day
order by days.day
