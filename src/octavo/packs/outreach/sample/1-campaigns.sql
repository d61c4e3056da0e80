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
