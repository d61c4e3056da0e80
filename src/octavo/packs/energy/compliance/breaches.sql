select *, status = 'overdue' as overdue
from base
where cured_on is null
order by cure_deadline nulls last, occurred_on, breach_reference
