select *
from base
order by number
