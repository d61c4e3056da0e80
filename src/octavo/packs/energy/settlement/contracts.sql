select *, difference <> 0 as differs
from base
order by contract_number
