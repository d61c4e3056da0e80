select
    booking.day as expense_date,
    project.name as project_name,
    replace(booking.category, '_', ' ') as category,
    booking.source,
    booking.reference,
    booking.description,
    booking.party_name as supplier_name,
    contract.number as contract_number,
    booking.currency,
    booking.amount
from energy.bookings(%(period_start)s, %(period_end)s) as booking
join energy.project on project.id = booking.project_id
left join energy.contract on contract.id = booking.contract_id
where booking.side = 'expense'
    and (%(project_id)s is null or booking.project_id = %(project_id)s)
    and (%(contract_id)s is null or booking.contract_id = %(contract_id)s)
    and (%(source)s::text is null or booking.source = replace(%(source)s, '_', ' '))
    and (%(category)s::text is null or replace(booking.category, '_', ' ') = replace(%(category)s, '_', ' '))
order by booking.day, project.name, booking.reference, booking.description
