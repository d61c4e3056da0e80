with entry as (
    select replace(booking.category, '_', ' ') as category, date_trunc('month', booking.day::timestamp)::date as month, booking.currency, 1 as lines, booking.amount, 0 as budget
    from energy.bookings(%(period_start)s, %(period_end)s) as booking
    where booking.side = 'expense' and (%(project_id)s is null or booking.project_id = %(project_id)s)
    union all
    select replace(budget.category, '_', ' '), budget.month, budget.currency, 0, 0, budget.amount
    from energy.budget
    where budget.month >= %(period_start)s and budget.month < %(period_end)s and (%(project_id)s is null or budget.project_id = %(project_id)s)
), category as (
    select category, currency, sum(amount) > sum(budget) as over_budget
    from entry
    group by category, currency
)
select
    (select count(distinct category) from category) as categories,
    (select count(*) from category where over_budget) as over_budget,
    case when count(distinct currency) = 1 then min(currency) end as currency,
    case when count(distinct currency) <= 1 then coalesce(sum(amount), 0) end as amount,
    case when count(distinct currency) <= 1 then coalesce(sum(budget), 0) end as budget,
    case when count(distinct currency) <= 1 then coalesce(sum(amount) - sum(budget), 0) end as variance_amount,
    case when count(distinct currency) <= 1 then energy.variance_percent(sum(budget), sum(amount)) end as variance_percent
from entry
