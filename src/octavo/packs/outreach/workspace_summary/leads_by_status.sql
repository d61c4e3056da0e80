select lead.status, count(*) as leads
from outreach.lead
join outreach.workspace on workspace.id = lead.workspace_id
where %(workspace_id)s::text is null or workspace.code = %(workspace_id)s
group by lead.status
order by leads desc, lead.status
