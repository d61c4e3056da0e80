-- Another organization with 10,500 rows in every table of the outreach pack, each of them whole.
-- The numbers from 1 to 10,500 are the ids; what points to something points to that of its own number.

insert into outreach.workspace (id, code, name) select n, n, 'Workspace ' || n from generate_series(1, 10500) as n;
insert into outreach.sending_domain (id, name) select n, n || '.example.org' from generate_series(1, 10500) as n;
insert into outreach.campaign (id, code, workspace_id, name, status, starts_on, created_at)
select n, n, n, 'Campaign ' || n, 'active', date '2025-01-01' + n % 400, timestamptz '2024-12-20 09:00+00' from generate_series(1, 10500) as n;
insert into outreach.lead (id, number, workspace_id, email, status, created_at)
select n, n, n, n || '@example.org', 'contacted', timestamptz '2024-12-25 09:00+00' + n * interval '1 hour' from generate_series(1, 10500) as n;
insert into outreach.message (id, campaign_id, lead_id, sending_domain_id, provider, sent_at, outcome, opens)
select n, n, n, n, 'gmail', timestamptz '2025-01-01 09:00+00' + n * interval '1 hour', 'accepted', n % 3 from generate_series(1, 10500) as n;

select octavo.gather_statistics('outreach');
