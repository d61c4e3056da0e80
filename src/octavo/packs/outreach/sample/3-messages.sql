create temporary table sample_message on commit drop as
select *, coalesce(bool_or(last) over (partition by number order by step rows between unbounded preceding and 1 preceding), false) as over
from (
    select sample_lead.*, outcome, reason, accepted and acts < 48 as opened, accepted and acts < 12 as clicked,
        accepted and acts between 8 and 15 as replied, accepted and acts between 60 and 61 as left_us, accepted and acts = 99 and reason = 0 as complained,
        outcome = 'hard bounce' or accepted and (acts between 8 and 15 or acts between 60 and 61 or acts = 99 and reason = 0) as last,
        starts_on + pg_temp.draw('begins ' || number, 12) + (step - 1) * 5 + make_interval(hours => 8 + pg_temp.draw('hour ' || key, 9), mins => pg_temp.draw('minute ' || key, 60)) as sent_at
    from (
        select sample_lead.*, step, concat_ws(' ', number, step) as key
        from sample_lead cross join generate_series(1, 3) as step
        where starts_on is not null
    ) as sample_lead
    cross join lateral (select pg_temp.draw('outcome ' || key, 1000), pg_temp.draw('acts ' || key, 100), pg_temp.draw('reason ' || key, 5)) as drawn (drawn_outcome, acts, reason)
    cross join lateral (
        select case when drawn_outcome < 14 then 'hard bounce' when drawn_outcome < 30 then 'soft bounce' when drawn_outcome < 37 then 'block bounce'
            when drawn_outcome < 40 then 'undetermined bounce' when drawn_outcome < 44 then 'out-of-band bounce' when drawn_outcome < 50 then 'admin bounce' else 'accepted' end
    ) as became (outcome)
    cross join lateral (select outcome = 'accepted') as known (accepted)
) as imagined;

-- Without statistics the planner would take these tables for small, and join them row by row.
analyze sample_message;
select octavo.gather_statistics('outreach');

insert into outreach.message (campaign_id, lead_id, sending_domain_id, provider, sent_at, outcome, reason, opens, clicks, replied_at, unsubscribed_at, complained_at)
select planned.campaign_id, lead.id, domain.id, planned.provider, sent_at, outcome,
    case outcome
        when 'hard bounce' then (array['userunknown', 'userunknown', 'userunknown', 'hostunknown', 'hasmoved'])[1 + reason]
        when 'soft bounce' then (array['mailboxfull', 'mailboxfull', 'systemerror', 'expired', 'toomanyconn'])[1 + reason]
        when 'block bounce' then (array['blocked', 'spamdetected', 'policyviolation', 'blocked', 'authfailure'])[1 + reason]
        when 'out-of-band bounce' then (array['userunknown', 'mailboxfull', 'expired', 'expired', 'userunknown'])[1 + reason]
        when 'admin bounce' then 'suppressed'
    end,
    case when opened then 1 + pg_temp.draw('opens ' || key, 4) else 0 end, case when clicked then 1 + pg_temp.draw('clicks ' || key, 2) else 0 end,
    case when replied then least(sent_at + make_interval(hours => 1 + pg_temp.draw('reply ' || key, 60)), now()) end,
    case when left_us then least(sent_at + interval '3 hours', now()) end, case when complained then least(sent_at + interval '2 hours', now()) end
from sample_message as planned
join outreach.lead on lead.number = planned.number
join outreach.sending_domain as domain on domain.name = (array['mail.example.org', 'mail.example.org', 'news.example.org', 'team.example.org'])[1 + pg_temp.draw('domain ' || planned.number, 4)]
where not over and sent_at < current_date
order by sent_at, lead.id;

update outreach.lead set status = case
    when left_us then 'unsubscribed'
    when replied then (array['replied', 'interested', 'won', 'not interested'])[1 + pg_temp.draw('outcome of ' || number, 4)]
    when bounced then 'bounced'
    else 'contacted' end
from (
    select lead_id, count(unsubscribed_at) + count(complained_at) > 0 as left_us, count(replied_at) > 0 as replied, bool_or(outcome = 'hard bounce') as bounced
    from outreach.message group by lead_id
) as message
where message.lead_id = lead.id;

drop function pg_temp.draw(text, integer);
drop function pg_temp.times(integer);
drop function pg_temp.digits(bigint, integer);

select octavo.gather_statistics('outreach');
