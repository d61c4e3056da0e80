select
    day, workspace_code, campaign_code, domain,
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
group by day, workspace_code, campaign_code, domain
order by day, campaign_code, domain
