-- What the metrics tell of the queue: figures over all organizations, and nothing of any one of them.

create function octavo.queue_state(silent interval) returns table (kind text, waiting bigint, oldest_seconds double precision, workers bigint)
language plpgsql security definer set search_path = ''
as $$
begin
    set local octavo.crossing = 'runs';
    return query
        select
            case when kinds.bulk then 'bulk' else 'interactive' end,
            count(r.id),
            -- One that was given back, or is begun anew by hand, waits since a moment that nobody wrote down.
            coalesce(extract(epoch from clock_timestamp() - min(case when r.attempt = 0 then r.created_at else r.not_before end)), 0)::double precision,
            (select count(*) from octavo_queue.procrastinate_workers w where w.last_heartbeat > clock_timestamp() - silent)
        from (values (false), (true)) as kinds (bulk)
        left join octavo.generated_report r
            on r.state = 'pending' and r.bulk = kinds.bulk and (r.not_before is null or r.not_before <= clock_timestamp())
        group by kinds.bulk
        order by kinds.bulk;
    set local octavo.crossing = '';
end $$;

comment on function octavo.queue_state(interval) is
    'For metrics: the runs that are due and wait, for how long the first of them has, and the workers that gave a sign of life within the interval.';

revoke execute on function octavo.queue_state(interval) from public;
grant execute on function octavo.queue_state(interval) to octavo_app;
