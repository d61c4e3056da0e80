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
