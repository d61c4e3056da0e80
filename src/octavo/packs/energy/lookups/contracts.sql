select id as value, number || ' ' || name as label
from energy.contract
order by number, id
