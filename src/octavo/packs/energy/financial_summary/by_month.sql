with summed as (
    select
        date_trunc('month', booking.day::timestamp)::date as month,
        booking.currency,
        coalesce(sum(booking.amount) filter (where booking.side = 'revenue'), 0) as revenue,
        coalesce(sum(booking.amount) filter (where booking.side = 'expense'), 0) as expenses
    from energy.bookings(%(period_start)s, %(period_end)s) as booking
    join energy.project on project.id = booking.project_id
    where (%(project_id)s is null or project.id = %(project_id)s)
        and (%(contract_id)s is null or booking.contract_id = %(contract_id)s)
    group by 1, 2
)
select
    month,
    currency,
    revenue,
    expenses,
    revenue - expenses as result,
    round(100 * (revenue - expenses) / nullif(revenue, 0), 4) as margin_percent
from summed
order by currency, month
