-- Settlement times count settled invoices only: what is open has none yet. Counting back looks at all invoices, whatever the period.
with settled as (
    select array_agg(days order by days) filter (where days is not null) as days from base
)
select
    count(*) as invoices,
    coalesce(sum(total), 0) as total,
    coalesce(sum(paid), 0) as paid,
    coalesce(sum(open_amount), 0) as open_amount,
    count(*) filter (where overdue) as overdue,
    coalesce(sum(open_amount) filter (where overdue), 0) as overdue_amount,
    count(settled_on) as settled,
    round(100.0 * count(*) filter (where settled_on > due_on) / nullif(count(settled_on), 0), 4) as settled_late,
    round(avg(days), 4) as mean_days,
    services.percentile_of_days((select days from settled), 0.5, %(percentile)s) as median_days,
    services.percentile_of_days((select days from settled), 0.9, %(percentile)s) as p90_days,
    min(days) as min_days,
    max(days) as max_days,
    services.percentile_method(%(percentile)s) as percentile_method,
    round(sum(open_amount) / nullif(sum(total), 0) * (%(period_end)s::date - %(period_start)s::date), 4) as dso,
    round(services.dso_countback(%(as_of_end)s::date - 1, %(customer_id)s, %(project_id)s), 4) as dso_countback
from base
