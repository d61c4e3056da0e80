select project_code, project_name, count(*) as invoices, sum(total) as total, sum(open_amount) as open_amount
from base
group by project_code, project_name
order by invoices desc, project_code
