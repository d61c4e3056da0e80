-- An outreach team that does not exist: 3 workspaces, 9 campaigns over the last 14 months, 300 leads, and up to three messages to each, times %(factor)s. A lead that answered, left or bounced for good is not written to again, and its status says so.
-- Everything is drawn from seed %(seed)s (1: renewable energy in Germany, 2: a trading house in the United Kingdom). Addresses are of example.org.

select octavo.refuse('the sample outreach needs an organization without leads of its own') where exists (select from outreach.lead);

create function pg_temp.draw(what text, choices integer) returns integer language sql immutable
return mod(('x' || left(md5(concat_ws('/', %(seed)s, what)), 8))::bit(32)::bigint, choices)::integer;

create function pg_temp.times(n integer) returns integer language sql stable
return n * %(factor)s;

create function pg_temp.digits(n bigint, fewest integer) returns text language sql immutable
return lpad(n::text, greatest(fewest, length(n::text)), '0');

insert into outreach.workspace (code, name)
select code, case %(seed)s when 1 then german else british end
from (values ('W1', 'Stadtwerke', 'Retail buyers'), ('W2', 'Industrie', 'Hotels'), ('W3', 'Gemeinden', 'Museums')) as place (code, german, british);

insert into outreach.sending_domain (name) values ('mail.example.org'), ('news.example.org'), ('team.example.org');

insert into outreach.campaign (code, workspace_id, name, status, starts_on, ends_on, created_at)
select 'K' || pg_temp.digits(n, 2), workspace.id,
    (array['First contact', 'Follow-up', 'Invitation', 'New offer', 'Case study', 'Renewal', 'Survey', 'Anniversary', 'Spring letter'])[1 + mod(n - 1, 9)]
        || case when n > 9 then ' ' || (n - 1) / 9 + 1 else '' end,
    case when mod(n, 9) = 0 or first_day > current_date then 'draft' when mod(n, 9) = 7 then 'paused' when first_day + 90 < current_date then 'completed' else 'active' end,
    case when mod(n, 9) > 0 then first_day end, case when mod(n, 9) > 0 then first_day + 90 end, first_day - 7 + interval '9 hours'
from generate_series(1, pg_temp.times(9)) as n
cross join lateral (select current_date - 400 + ((n - 1)::bigint * 405 / pg_temp.times(9))::integer as first_day) as planned
join outreach.workspace on workspace.code = 'W' || (1 + mod(n - 1, 3));

create temporary table sample_lead on commit drop as
select 'L' || pg_temp.digits(n, 5) as number, campaign.id as campaign_id, campaign.workspace_id, campaign.starts_on,
    (array['Anna', 'Ben', 'Cem', 'Dora', 'Emil', 'Frieda', 'Gül', 'Hannah', 'Ivo', 'Jana', 'Karl', 'Lotte'])[1 + pg_temp.draw('first ' || n, 12)] as first_name,
    (array['Arndt', 'Becker', 'Çelik', 'Doyle', 'Engel', 'Frost', 'Grün', 'Hale', 'Irving', 'Jung', 'Köhler', 'Lamb', 'Moore'])[1 + pg_temp.draw('last ' || n, 13)] as last_name,
    (array['Hafen', 'Nordlicht', 'Talblick', 'Brückner', 'Oakfield', 'Riverside', 'Stanmore', 'Westcott'])[1 + pg_temp.draw('company ' || n, 8)]
        || ' ' || (array['GmbH', 'AG', 'Ltd', 'plc', 'Trust'])[1 + pg_temp.draw('form ' || n, 5)] as company,
    (array['gmail', 'outlook', 'own server', 'own server', 'yahoo'])[1 + pg_temp.draw('provider ' || n, 5)] as provider,
    coalesce(campaign.starts_on, current_date) - 1 - pg_temp.draw('came ' || n, 20) + make_interval(hours => 8 + pg_temp.draw('at ' || n, 10)) as created_at
from generate_series(1, pg_temp.times(300)) as n
join outreach.campaign on campaign.code = 'K' || pg_temp.digits(1 + mod(n - 1, pg_temp.times(9)), 2);

insert into outreach.lead (number, workspace_id, email, first_name, last_name, company, job_title, country, source, created_at)
select number, workspace_id, lower(number) || '@example.org', first_name, last_name, company,
    (array['Head of purchasing', 'Director', 'Buyer', 'Engineer', null])[1 + pg_temp.draw('job ' || number, 5)],
    (array['Germany', 'Austria', 'United Kingdom', 'Ireland', 'Switzerland'])[1 + pg_temp.draw('country ' || number, 5)],
    (array['fair', 'web form', 'list', 'referral'])[1 + pg_temp.draw('source ' || number, 4)], created_at
from sample_lead
order by number;

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
