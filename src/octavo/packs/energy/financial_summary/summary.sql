with summed as (
    select
        count(distinct booking.currency) as currencies,
        min(booking.currency) as currency,
        coalesce(sum(booking.amount) filter (where booking.side = 'revenue'), 0) as revenue,
        coalesce(sum(booking.amount) filter (where booking.side = 'expense'), 0) as expenses
    from energy.bookings(%(period_start)s, %(period_end)s) as booking
    join energy.project on project.id = booking.project_id
    where (%(project_id)s is null or project.id = %(project_id)s)
        and (%(contract_id)s is null or booking.contract_id = %(contract_id)s)
)
select
    case when currencies = 1 then currency end as currency,
    case when currencies <= 1 then revenue end as revenue,
    case when currencies <= 1 then expenses end as expenses,
    case when currencies <= 1 then revenue - expenses end as result,
    case when currencies <= 1 then round(100 * (revenue - expenses) / nullif(revenue, 0), 4) end as margin_percent
from summed
