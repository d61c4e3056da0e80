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
