select project_code, project_name, count(*) as quotes, sum(amount) as amount
from base
group by project_code, project_name
order by quotes desc, project_code
