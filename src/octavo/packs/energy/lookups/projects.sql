select id as value, name as label
from energy.project
order by name, id
