with sending as (
    select workspace_code, sum(sent) as sent, sum(accepted) as accepted, sum(opened) as opened, sum(clicked) as clicked, sum(replied) as replied,
        sum(unsubscribed) as unsubscribed, sum(complained) as complained
    from base
    group by workspace_code
),
workspace as (
    select workspace.code, workspace.name,
        (select count(*) from outreach.campaign where campaign.workspace_id = workspace.id) as campaigns,
        (select count(*) from outreach.campaign where campaign.workspace_id = workspace.id and status = 'active') as active_campaigns,
        (select count(*) from outreach.lead where lead.workspace_id = workspace.id) as leads,
        (select count(*) from outreach.lead where lead.workspace_id = workspace.id
            and (%(period_from)s::timestamptz is null or created_at >= %(period_from)s) and (%(period_until)s::timestamptz is null or created_at < %(period_until)s)) as new_leads
    from outreach.workspace
    where %(workspace_id)s::text is null or workspace.code = %(workspace_id)s
)
select
    code as workspace_code, name as workspace_name, campaigns, active_campaigns, leads, new_leads,
    coalesce(sent, 0) as sent,
    coalesce(accepted, 0) as accepted,
    coalesce(opened, 0) as opened,
    coalesce(clicked, 0) as clicked,
    coalesce(replied, 0) as replied,
    coalesce(unsubscribed, 0) as unsubscribed,
    coalesce(complained, 0) as complained,
    outreach.rate(accepted, sent) as acceptance_rate,
    outreach.rate(sent - accepted, sent) as bounce_rate,
    outreach.rate(opened, accepted) as open_rate,
    outreach.rate(clicked, accepted) as click_rate,
    outreach.rate(replied, accepted) as reply_rate,
    outreach.rate(unsubscribed, accepted) as unsubscribe_rate,
    outreach.rate(complained, accepted) as complaint_rate
from workspace
left join sending on sending.workspace_code = workspace.code
order by code
