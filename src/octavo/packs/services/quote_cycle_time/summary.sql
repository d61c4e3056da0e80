-- The rates and the cycle times. Which quotes are measured the parameter says; those that are not have no part in mean or percentiles.
with quote as (
    select *, case when status = 'accepted' or %(measured)s = 'decided' and status = 'rejected' or %(measured)s = 'closed' and days is not null then days end as measured
    from base
),
measured as (
    select array_agg(measured order by measured) filter (where measured is not null) as days from quote
)
select
    count(*) as quotes,
    coalesce(sum(amount), 0) as amount,
    count(*) filter (where status = 'accepted') as won,
    count(*) filter (where status = 'rejected') as lost,
    count(*) filter (where overdue) as overdue,
    round(100.0 * count(*) filter (where status = 'accepted') / nullif(count(*) filter (where status in ('accepted', 'rejected')), 0), 4) as win_rate,
    round(100.0 * count(*) filter (where status = 'accepted') / nullif(count(*), 0), 4) as close_rate,
    round(100.0 * count(closed_at) / nullif(count(*), 0), 4) as conversion_rate,
    coalesce(sum(amount) filter (where status = 'accepted'), 0) as amount_won,
    count(measured) as measured,
    round(avg(measured), 4) as mean_days,
    services.percentile_of_days((select days from measured), 0.5, %(percentile)s) as median_days,
    services.percentile_of_days((select days from measured), 0.9, %(percentile)s) as p90_days,
    min(measured) as min_days,
    max(measured) as max_days,
    services.percentile_method(%(percentile)s) as percentile_method
from quote
