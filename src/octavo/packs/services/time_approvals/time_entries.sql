select *
from base
order by worked_on, number
