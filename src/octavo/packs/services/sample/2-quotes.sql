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
