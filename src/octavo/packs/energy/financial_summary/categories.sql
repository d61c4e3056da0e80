select
    booking.side,
    replace(booking.category, '_', ' ') as category,
    booking.currency,
    count(*) as lines,
    sum(booking.amount) as amount,
    round(100 * sum(booking.amount) / nullif(sum(sum(booking.amount)) over (partition by booking.side, booking.currency), 0), 4) as share
from energy.bookings(%(period_start)s, %(period_end)s) as booking
join energy.project on project.id = booking.project_id
where (%(project_id)s is null or project.id = %(project_id)s)
    and (%(contract_id)s is null or booking.contract_id = %(contract_id)s)
group by booking.side, booking.category, booking.currency
order by booking.side desc, booking.currency, abs(sum(booking.amount)) desc, booking.category
