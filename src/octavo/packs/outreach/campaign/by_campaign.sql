with counted as (
    select
        campaign_id,
        sum(sent) as sent,
        sum(accepted) as accepted,
        sum(opened) as opened,
        sum(clicked) as clicked,
        sum(replied) as replied,
        sum(unsubscribed) as unsubscribed,
        sum(complained) as complained
    from base
    group by campaign_id
)
select
    workspace.name as workspace_name,
    campaign.code as campaign_code,
    campaign.name as campaign_name,
    campaign.status as campaign_status,
    sent,
    accepted,
    opened,
    clicked,
    replied,
    unsubscribed,
    complained,
    outreach.rate(accepted, sent) as acceptance_rate,
    outreach.rate(opened, accepted) as open_rate,
    outreach.rate(clicked, accepted) as click_rate,
    outreach.rate(clicked, opened) as click_to_open_rate,
    outreach.rate(replied, accepted) as reply_rate,
    outreach.rate(unsubscribed, accepted) as unsubscribe_rate,
    outreach.rate(complained, accepted) as complaint_rate
from counted
join outreach.campaign on campaign.id = counted.campaign_id
join outreach.workspace on workspace.id = campaign.workspace_id
order by workspace.name, workspace.code, campaign.code
