with summed as (
    select
        booking.contract_id,
        project.name as project_name,
        booking.currency,
        coalesce(sum(booking.amount) filter (where booking.side = 'revenue'), 0) as revenue,
        coalesce(sum(booking.amount) filter (where booking.side = 'expense'), 0) as expenses
    from energy.bookings(%(period_start)s, %(period_end)s) as booking
    join energy.project on project.id = booking.project_id
    where (%(project_id)s is null or project.id = %(project_id)s)
        and (%(contract_id)s is null or booking.contract_id = %(contract_id)s)
    group by booking.contract_id, project.name, booking.currency
)
select
    contract.number as contract_number,
    coalesce(contract.counterparty_name, 'Without a contract') as party_name,
    summed.project_name,
    summed.currency,
    revenue,
    expenses,
    revenue - expenses as result
from summed
left join energy.contract on contract.id = summed.contract_id
order by contract.number nulls last, summed.project_name, summed.currency
