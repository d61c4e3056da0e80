select
    (select start_date from energy.billing_period where id = %(billing_period_id)s) as period_start,
    (select end_date from energy.billing_period where id = %(billing_period_id)s) as period_end,
    count(*) as contracts,
    (select coalesce(sum(net_mwh), 0) from (select distinct project_id, net_mwh from base) as plant) as net_mwh,
    case when count(distinct currency) = 1 then min(currency) end as currency,
    case when count(distinct currency) <= 1 then coalesce(sum(energy_amount), 0) end as energy_amount,
    case when count(distinct currency) <= 1 then coalesce(sum(adjustment_amount), 0) end as adjustment_amount,
    case when count(distinct currency) <= 1 then coalesce(sum(damages_amount), 0) end as damages_amount,
    case when count(distinct currency) <= 1 then coalesce(sum(net_amount), 0) end as net_amount,
    case when count(distinct currency) <= 1 then coalesce(sum(invoiced_amount), 0) end as invoiced_amount,
    case when count(distinct currency) <= 1 then coalesce(sum(difference), 0) end as difference
from base
