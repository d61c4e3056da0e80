-- Alarms where mailbox providers set theirs: complaints should stay under 0.10 per cent of what is accepted, and 0.30 is the limit.
select *,
    coalesce(nullif(concat_ws('; ',
        case when bounce_rate >= 5 then 'bounces reach 5 %% of sent' end,
        case when complaint_rate >= 0.3 then 'complaints reach 0.30 %% of accepted' when complaint_rate >= 0.1 then 'complaints reach 0.10 %% of accepted' end
    ), ''), 'none') as alarms
from (
    select
        coalesce(sum(sent), 0) as sent,
        coalesce(sum(accepted), 0) as accepted,
        coalesce(sum(hard_bounces), 0) as hard_bounces,
        coalesce(sum(soft_bounces), 0) as soft_bounces,
        coalesce(sum(block_bounces), 0) as block_bounces,
        coalesce(sum(undetermined_bounces), 0) as undetermined_bounces,
        coalesce(sum(out_of_band_bounces), 0) as out_of_band_bounces,
        coalesce(sum(admin_bounces), 0) as admin_bounces,
        coalesce(sum(unsubscribed), 0) as unsubscribed,
        coalesce(sum(complained), 0) as complained,
        outreach.rate(sum(accepted), sum(sent)) as acceptance_rate,
        outreach.rate(sum(sent) - sum(accepted), sum(sent)) as bounce_rate,
        outreach.rate(sum(hard_bounces), sum(sent)) as hard_bounce_rate,
        outreach.rate(sum(soft_bounces), sum(sent)) as soft_bounce_rate,
        outreach.rate(sum(block_bounces), sum(sent)) as block_bounce_rate,
        outreach.rate(sum(unsubscribed), sum(accepted)) as unsubscribe_rate,
        outreach.rate(sum(complained), sum(accepted)) as complaint_rate
    from base
) as figures
