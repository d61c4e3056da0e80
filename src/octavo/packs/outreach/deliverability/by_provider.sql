select
    provider,
    sum(sent) as sent,
    sum(accepted) as accepted,
    sum(hard_bounces) as hard_bounces,
    sum(soft_bounces) as soft_bounces,
    sum(block_bounces) as block_bounces,
    sum(undetermined_bounces) as undetermined_bounces,
    sum(out_of_band_bounces) as out_of_band_bounces,
    sum(admin_bounces) as admin_bounces,
    outreach.rate(sum(accepted), sum(sent)) as acceptance_rate,
    outreach.rate(sum(sent) - sum(accepted), sum(sent)) as bounce_rate,
    outreach.rate(sum(hard_bounces), sum(sent)) as hard_bounce_rate,
    outreach.rate(sum(soft_bounces), sum(sent)) as soft_bounce_rate,
    outreach.rate(sum(block_bounces), sum(sent)) as block_bounce_rate,
    outreach.rate(sum(complained), sum(accepted)) as complaint_rate
from base
group by provider
order by sent desc, provider
