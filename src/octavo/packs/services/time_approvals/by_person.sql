select person_code, person_name, count(*) as entries, sum(hours) as hours
from base
group by person_code, person_name
order by hours desc, person_code
