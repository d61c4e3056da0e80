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
    count(*) as workspaces,
    coalesce(sum(campaigns), 0) as campaigns,
    coalesce(sum(active_campaigns), 0) as active_campaigns,
    coalesce(sum(leads), 0) as leads,
    coalesce(sum(new_leads), 0) as new_leads,
    coalesce(sum(sent), 0) as sent,
    coalesce(sum(accepted), 0) as accepted,
    coalesce(sum(opened), 0) as opened,
    coalesce(sum(clicked), 0) as clicked,
    coalesce(sum(replied), 0) as replied,
    coalesce(sum(unsubscribed), 0) as unsubscribed,
    coalesce(sum(complained), 0) as complained,
    outreach.rate(sum(accepted)::bigint, sum(sent)::bigint) as acceptance_rate,
    outreach.rate((sum(sent) - sum(accepted))::bigint, sum(sent)::bigint) as bounce_rate,
    outreach.rate(sum(opened)::bigint, sum(accepted)::bigint) as open_rate,
    outreach.rate(sum(clicked)::bigint, sum(accepted)::bigint) as click_rate,
    outreach.rate(sum(replied)::bigint, sum(accepted)::bigint) as reply_rate,
    outreach.rate(sum(unsubscribed)::bigint, sum(accepted)::bigint) as unsubscribe_rate,
    outreach.rate(sum(complained)::bigint, sum(accepted)::bigint) as complaint_rate
from workspace
left join sending on sending.workspace_code = workspace.code
