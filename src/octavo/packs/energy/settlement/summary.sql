with told as (
    select
        count(distinct contract_id) as contracts,
        count(distinct currency) as currencies,
        min(currency) as currency,
        coalesce(sum(amount) filter (where kind in ('energy', 'deemed energy', 'monthly payment')), 0) as energy_amount,
        coalesce(sum(amount) filter (where kind = 'adjustment'), 0) as adjustment_amount,
        coalesce(sum(amount) filter (where kind = 'liquidated damages'), 0) as damages_amount,
        coalesce(sum(amount), 0) as net_amount
    from base
), invoiced as (
    select coalesce(sum(invoiced_amount), 0) as amount from (select distinct contract_id, invoiced_amount from base) as contract
)
select
    (select start_date from energy.billing_period where id = %(billing_period_id)s) as period_start,
    (select end_date from energy.billing_period where id = %(billing_period_id)s) as period_end,
    contracts,
    (select coalesce(sum(net_mwh), 0) from (select distinct project_id, net_mwh from base) as plant) as net_mwh,
    case when currencies = 1 then currency end as currency,
    case when currencies <= 1 then energy_amount end as energy_amount,
    case when currencies <= 1 then adjustment_amount end as adjustment_amount,
    case when currencies <= 1 then damages_amount end as damages_amount,
    case when currencies <= 1 then net_amount end as net_amount,
    case when currencies <= 1 then invoiced.amount end as invoiced_amount,
    case when currencies <= 1 then invoiced.amount - net_amount end as difference
from told
cross join invoiced
