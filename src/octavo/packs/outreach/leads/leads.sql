select
    lead.number,
    workspace.code as workspace_code,
    workspace.name as workspace_name,
    lead.email,
    lead.first_name,
    lead.last_name,
    lead.company,
    lead.job_title,
    lead.country,
    lead.source,
    lead.status,
    lead.created_at,
    coalesce(message.sent, 0) as sent,
    coalesce(message.accepted, 0) as accepted,
    coalesce(message.opened, 0) as opened,
    coalesce(message.clicked, 0) as clicked,
    coalesce(message.replied, 0) as replied,
    message.last_sent_at
from outreach.lead
join outreach.workspace on workspace.id = lead.workspace_id
left join (
    select lead_id,
        count(*) filter (where outcome <> 'admin bounce') as sent,
        count(*) filter (where outcome = 'accepted') as accepted,
        count(*) filter (where opens > 0) as opened,
        count(*) filter (where clicks > 0) as clicked,
        count(replied_at) as replied,
        max(sent_at) filter (where outcome <> 'admin bounce') as last_sent_at
    from outreach.message
    group by lead_id
) as message on message.lead_id = lead.id
where (%(period_from)s::timestamptz is null or lead.created_at >= %(period_from)s)
    and (%(period_until)s::timestamptz is null or lead.created_at < %(period_until)s)
    and (%(workspace_id)s::text is null or workspace.code = %(workspace_id)s)
    and (%(status)s::text is null or lead.status = %(status)s)
    and (%(country)s::text is null or lead.country = %(country)s)
order by lead.number
