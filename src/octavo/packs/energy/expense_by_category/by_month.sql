-- Every month of the period stands there, so that a change is one from month to month.
with entry as (
    select replace(booking.category, '_', ' ') as category, date_trunc('month', booking.day::timestamp)::date as month, booking.currency, 1 as lines, booking.amount, 0 as budget
    from energy.bookings(%(period_start)s, %(period_end)s) as booking
    where booking.side = 'expense' and (%(project_id)s is null or booking.project_id = %(project_id)s)
    union all
    select replace(budget.category, '_', ' '), budget.month, budget.currency, 0, 0, budget.amount
    from energy.budget
    where budget.month >= %(period_start)s and budget.month < %(period_end)s and (%(project_id)s is null or budget.project_id = %(project_id)s)
), month as (
    select month::date
    from generate_series(date_trunc('month', %(period_start)s::timestamp), least(%(period_end)s::date - 1, (select max(month) from entry))::timestamp, interval '1 month') as month
), summed as (
    select month.month, kind.currency, coalesce(sum(entry.amount), 0) as amount, coalesce(sum(entry.budget), 0) as budget
    from (select distinct currency from entry) as kind
    cross join month
    left join entry on entry.currency = kind.currency and entry.month = month.month
    group by month.month, kind.currency
)
select
    month,
    currency,
    amount,
    budget,
    amount - budget as variance_amount,
    energy.variance_percent(budget, amount) as variance_percent,
    amount - lag(amount) over before as change_amount,
    energy.variance_percent(lag(amount) over before, amount) as change_percent
from summed
window before as (partition by currency order by month)
order by currency, month
