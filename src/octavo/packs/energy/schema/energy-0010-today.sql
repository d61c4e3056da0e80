-- The latest completed billing period is that of the day for which a run was planned, which may be made up for later.

create or replace function octavo.get_latest_completed_billing_period() returns bigint
language sql stable
as $$
    select id
    from energy.billing_period
    where end_date < octavo.today()
    order by end_date desc, start_date desc, id desc
    limit 1
$$;
