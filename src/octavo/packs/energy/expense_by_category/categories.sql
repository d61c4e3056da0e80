with entry as (
    select replace(booking.category, '_', ' ') as category, date_trunc('month', booking.day::timestamp)::date as month, booking.currency, 1 as lines, booking.amount, 0 as budget
    from energy.bookings(%(period_start)s, %(period_end)s) as booking
    where booking.side = 'expense' and (%(project_id)s is null or booking.project_id = %(project_id)s)
    union all
    select replace(budget.category, '_', ' '), budget.month, budget.currency, 0, 0, budget.amount
    from energy.budget
    where budget.month >= %(period_start)s and budget.month < %(period_end)s and (%(project_id)s is null or budget.project_id = %(project_id)s)
)
select
    category,
    currency,
    sum(lines) as lines,
    sum(amount) as amount,
    sum(budget) as budget,
    sum(amount) - sum(budget) as variance_amount,
    energy.variance_percent(sum(budget), sum(amount)) as variance_percent,
    round(100 * sum(amount) / nullif(sum(sum(amount)) over (partition by currency), 0), 4) as share,
    sum(amount) > sum(budget) as over_budget
from entry
group by category, currency
order by currency, sum(amount) desc, category
