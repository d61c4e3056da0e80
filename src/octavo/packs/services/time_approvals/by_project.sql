select project_code, project_name, count(*) as entries, sum(hours) as hours
from base
group by project_code, project_name
order by entries desc, project_code
