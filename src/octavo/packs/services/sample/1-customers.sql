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
