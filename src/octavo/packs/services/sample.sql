-- A services business that does not exist: 24 customers, 36 projects, 12 people, and 120 quotes, 150 invoices and 420 time entries over the 14
-- months up to yesterday, times %(factor)s. Customers pay on Thursdays, all that is then due at once.
-- Everything is drawn from seed %(seed)s (1: an engineering office in Germany, 2: a studio in the United Kingdom).

select octavo.refuse('the sample business needs an organization without quotes of its own') where exists (select from services.quote);

create function pg_temp.draw(what text, choices integer) returns integer language sql immutable
return mod(('x' || left(md5(concat_ws('/', %(seed)s, what)), 8))::bit(32)::bigint, choices)::integer;

create function pg_temp.times(n integer) returns integer language sql stable
return n * %(factor)s;

create function pg_temp.digits(n bigint, fewest integer) returns text language sql immutable
return lpad(n::text, greatest(fewest, length(n::text)), '0');

create function pg_temp.day_of(n integer, of_all integer) returns date language sql stable
return current_date - 425 + ((n - 1)::bigint * 424 / of_all)::integer;

insert into services.customer (code, name)
select 'C' || pg_temp.digits(n, 3),
    case %(seed)s
        when 1 then (array['Brandt', 'Dörfler', 'Eggers', 'Friedrichs', 'Görlitz', 'Hansen', 'Ihlow', 'Jäger', 'Küster', 'Lüders', 'Möller', 'Nagel'])[1 + mod(n - 1, 12)]
            || ' ' || (array['Maschinenbau GmbH', 'Logistik AG', 'Klinik GmbH', 'Wohnbau eG', 'Stadtwerke', 'Papier KG', 'Labor GmbH'])[1 + mod((n - 1) / 12 + n, 7)]
        else (array['Ashford', 'Bexley', 'Calder', 'Dunmore', 'Elland', 'Farnham', 'Gorton', 'Hexham', 'Ilkley', 'Jarrow', 'Kelso', 'Ludlow'])[1 + mod(n - 1, 12)]
            || ' ' || (array['Foods Ltd', 'Press Ltd', 'Museums Trust', 'Housing plc', 'Water plc', 'Records Ltd', 'Theatre'])[1 + mod((n - 1) / 12 + n, 7)]
    end || case when n > 24 then ' ' || (n - 1) / 24 + 1 else '' end
from generate_series(1, pg_temp.times(24)) as n;

insert into services.project (code, name, customer_id)
select 'P' || pg_temp.digits(n, 3),
    (array['Website', 'Extension', 'Audit', 'Rollout', 'Survey', 'Redesign', 'Commissioning', 'Training', 'Archive'])[1 + mod(n - 1, 9)] || ' ' || chr(65 + mod((n - 1) / 9, 26)),
    customer.id
from generate_series(1, pg_temp.times(36)) as n
join services.customer on customer.code = 'C' || pg_temp.digits(1 + mod(n - 1, pg_temp.times(24)), 3);

insert into services.person (code, name)
select 'E' || pg_temp.digits(n, 2),
    (array['Amelie', 'Bruno', 'Carla', 'David', 'Eva', 'Finn', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Klara', 'Leo'])[n] || ' ' ||
    (array['Albrecht', 'Byrne', 'Costa', 'Dahl', 'Evans', 'Fuchs', 'Grant', 'Holm', 'Ito', 'Jansen', 'Keller', 'Lang'])[1 + pg_temp.draw('person ' || n, 12)]
from generate_series(1, 12) as n;

-- Without statistics the planner would take these tables for small, and join them row by row.
select octavo.gather_statistics('services');


-- Quotes. One in five was written anew two days later; what is younger than its answer is still open.

create temporary table sample_quote on commit drop as
select 'Q' || pg_temp.digits(n, 4) as number, project.id as project_id, project.customer_id, begun.created_at, fate.status,
    pg_temp.draw('versions ' || n, 5) = 0 as written_anew,
    begun.created_at + make_interval(days => 1 + pg_temp.draw('answer ' || n, 6) + pg_temp.draw('wait ' || n, 4) * pg_temp.draw('long ' || n, 11), hours => 3) as closed_at,
    round((1500 + pg_temp.draw('amount ' || n, 300) * pg_temp.draw('scale ' || n, 180))::numeric, -1) as amount
from generate_series(1, pg_temp.times(120)) as n
join services.project on project.code = 'P' || pg_temp.digits(1 + pg_temp.draw('project ' || n, pg_temp.times(36)), 3)
cross join lateral (select pg_temp.day_of(n, pg_temp.times(120)) + make_interval(hours => 8 + pg_temp.draw('hour ' || n, 9), mins => pg_temp.draw('minute ' || n, 60))) as moment (clock)
cross join lateral (select moment.clock::timestamptz) as begun (created_at)
cross join lateral (select pg_temp.draw('fate ' || n, 100)) as drawn (fate)
cross join lateral (select case when drawn.fate < 55 then 'accepted' when drawn.fate < 75 then 'rejected' when drawn.fate < 85 then 'expired'
    when drawn.fate < 89 then 'withdrawn' when drawn.fate < 97 then 'sent' else 'draft' end) as fate (status);

insert into services.quote (number, version, customer_id, project_id, status, created_at, sent_at, valid_until, closed_at, amount)
select number, version, customer_id, project_id, known.status, created.at, case when known.status <> 'draft' then created.at + interval '2 hours' end,
    created.at::date + 30, case when known.status in ('accepted', 'rejected', 'expired', 'withdrawn') then finish end,
    case when version = 2 then round(amount * 0.93, -1) else amount end
from sample_quote
cross join lateral generate_series(1, case when written_anew then 2 else 1 end) as version
cross join lateral (select created_at + (version - 1) * interval '2 days', closed_at + case when written_anew then interval '2 days' else interval '0' end) as created (at, finish)
cross join lateral (
    select case when version = 1 and written_anew then 'withdrawn' when status in ('sent', 'draft') then status when finish < current_date then status else 'sent' end
) as known (status)
where created.at < current_date
order by number, version;


-- Invoices, and the payments that settle them: most in full, some in two parts, some not at all; one customer in twelve pays something on account.

insert into services.invoice (number, customer_id, project_id, issued_on, due_on, total)
select to_char(issued_on, 'YYYY') || '-' || pg_temp.digits(n, 4), project.customer_id, project.id, issued_on,
    issued_on + (array[14, 30, 30, 45])[1 + pg_temp.draw('terms ' || project.customer_id, 4)],
    round((400 + pg_temp.draw('invoice ' || n, 900) * (1 + pg_temp.draw('size ' || n, 40))) * 1.19, 2)
from generate_series(1, pg_temp.times(150)) as n
cross join lateral (select pg_temp.day_of(n, pg_temp.times(150))) as day (issued_on)
join services.project on project.code = 'P' || pg_temp.digits(1 + pg_temp.draw('invoiced ' || n, pg_temp.times(36)), 3);

select octavo.gather_statistics('services');

create temporary table sample_settlement on commit drop as
select invoice.id as invoice_id, invoice.customer_id, thursday.paid_on, case when part = 1 and parts = 2 then half when parts = 2 then invoice.total - half else invoice.total end as amount
from services.invoice
cross join lateral (select pg_temp.draw('pays ' || invoice.number, 100), round(invoice.total / 2, 2)) as fate (pays, half)
cross join lateral (select case when pays < 80 then 1 when pays < 93 then 2 else 0 end) as share (parts)
cross join lateral generate_series(1, parts) as part
cross join lateral (
    select invoice.due_on - 12 + pg_temp.draw('delay ' || invoice.number, 16) + pg_temp.draw('late ' || invoice.number, 3) * pg_temp.draw('later ' || invoice.number, 20) + (part - 1) * 35
) as wished (paid_on)
cross join lateral (select paid_on + mod(11 - extract(isodow from paid_on)::integer, 7)) as thursday (paid_on)
where thursday.paid_on < current_date;

analyze sample_settlement;

insert into services.payment (number, customer_id, received_on, method, amount)
select 'R' || pg_temp.digits(row_number() over (order by paid_on, customer.code), 4), customer.id, paid_on,
    (array['bank transfer', 'bank transfer', 'bank transfer', 'direct debit', 'card', 'cheque'])[1 + pg_temp.draw('method ' || customer.code, 6)],
    sum(amount) + case when pg_temp.draw('on account ' || customer.code || paid_on, 40) = 0 then 250 else 0 end
from sample_settlement
join services.customer on customer.id = sample_settlement.customer_id
group by customer.id, customer.code, paid_on;

select octavo.gather_statistics('services');

insert into services.payment_allocation (payment_id, invoice_id, amount)
select payment.id, settlement.invoice_id, settlement.amount
from sample_settlement as settlement
join services.payment on payment.customer_id = settlement.customer_id and payment.received_on = settlement.paid_on;


-- Hours: submitted on the Friday of their week, decided within three weeks, mostly sooner. Nobody decides on their own.

insert into services.time_entry (number, person_id, project_id, worked_on, hours, billable, status, submitted_at, decided_at, decided_by)
select 'T' || pg_temp.digits(n, 5), person.id, project.id, worked_on, (2 + pg_temp.draw('hours ' || n, 31)) * 0.25, pg_temp.draw('billable ' || n, 6) > 0,
    known.status, case when known.status <> 'draft' then submitted_at end,
    case when known.status in ('approved', 'rejected') then finish end, case when known.status in ('approved', 'rejected') then decider.id end
from generate_series(1, pg_temp.times(420)) as n
cross join lateral (select pg_temp.day_of(n, pg_temp.times(420)) as some_day) as spread
cross join lateral (select some_day - greatest(extract(isodow from some_day)::integer - 5, 0) as worked_on) as week
cross join lateral (select (worked_on + 5 - extract(isodow from worked_on)::integer + interval '16 hours')::timestamptz as submitted_at) as friday
cross join lateral (
    select submitted_at + make_interval(days => pg_temp.draw('decided ' || n, 5) + pg_temp.draw('slow ' || n, 3) * pg_temp.draw('slower ' || n, 8), hours => 1), pg_temp.draw('verdict ' || n, 100)
) as drawn (finish, verdict)
cross join lateral (
    select case when submitted_at > now() or verdict >= 97 then 'draft' when finish > now() or verdict >= 94 then 'submitted' when verdict < 86 then 'approved' else 'rejected' end
) as known (status)
join services.project on project.code = 'P' || pg_temp.digits(1 + pg_temp.draw('worked for ' || n, pg_temp.times(36)), 3)
join services.person on person.code = 'E' || pg_temp.digits(1 + pg_temp.draw('worker ' || n, 12), 2)
join services.person as decider on decider.code = case when person.code = 'E01' then 'E02' else 'E01' end;

drop function pg_temp.draw(text, integer);
drop function pg_temp.times(integer);
drop function pg_temp.digits(bigint, integer);
drop function pg_temp.day_of(integer, integer);

select octavo.gather_statistics('services');
