with sending as (
    select campaign_id, count(distinct lead_id) filter (where sent = 1) as leads,
        sum(sent) as sent,
        sum(accepted) as accepted,
        sum(hard_bounces) as hard_bounces,
        sum(soft_bounces) as soft_bounces,
        sum(block_bounces) as block_bounces,
        sum(undetermined_bounces) as undetermined_bounces,
        sum(out_of_band_bounces) as out_of_band_bounces,
        sum(admin_bounces) as admin_bounces,
        sum(opened) as opened,
        sum(clicked) as clicked,
        sum(replied) as replied,
        sum(unsubscribed) as unsubscribed,
        sum(complained) as complained
    from outreach.messages_asked(%(period_from)s, %(period_until)s, %(workspace_id)s, %(campaign_id)s, %(status)s)
    group by campaign_id
)
select
    workspace.code as workspace_code,
    workspace.name as workspace_name,
    campaign.code as campaign_code,
    campaign.name as campaign_name,
    campaign.status as campaign_status,
    campaign.starts_on,
    campaign.ends_on,
    campaign.created_at,
    coalesce(leads, 0) as leads,
    coalesce(sent, 0) as sent,
    coalesce(accepted, 0) as accepted,
    coalesce(hard_bounces, 0) as hard_bounces,
    coalesce(soft_bounces, 0) as soft_bounces,
    coalesce(block_bounces, 0) as block_bounces,
    coalesce(undetermined_bounces, 0) as undetermined_bounces,
    coalesce(out_of_band_bounces, 0) as out_of_band_bounces,
    coalesce(admin_bounces, 0) as admin_bounces,
    coalesce(opened, 0) as opened,
    coalesce(clicked, 0) as clicked,
    coalesce(replied, 0) as replied,
    coalesce(unsubscribed, 0) as unsubscribed,
    coalesce(complained, 0) as complained
from outreach.campaign
join outreach.workspace on workspace.id = campaign.workspace_id
left join sending on sending.campaign_id = campaign.id
where (%(workspace_id)s::text is null or workspace.code = %(workspace_id)s)
    and (%(campaign_id)s::text is null or campaign.code = %(campaign_id)s)
    and (%(status)s::text is null or campaign.status = %(status)s)
order by campaign.code
