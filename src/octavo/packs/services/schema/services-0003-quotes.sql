-- The versions of a quote are read once, not the last of them looked up again. What is told is the same.

create or replace function services.quotes_asked(
    since timestamptz, until timestamptz, as_of date, customer text, project text, wanted_status text, only_overdue boolean
) returns table (
    number text, versions integer, customer_code text, customer_name text, project_code text, project_name text, status text,
    created_at timestamptz, sent_at timestamptz, valid_until date, closed_at timestamptz, amount numeric, overdue boolean, days integer
)
language sql stable parallel safe
as $$
    select *
    from (
        select latest.number, latest.version, customer.code, customer.name, project.code, project.name, known.status,
            latest.begun_at, latest.sent_at, latest.valid_until, known.closed_at, latest.amount,
            known.status = 'sent' and latest.valid_until is not null and latest.valid_until < as_of as overdue,
            known.closed_at::date - latest.begun_at::date as days
        from (
            select distinct on (number) quote.*, min(created_at) over (partition by number) as begun_at
            from services.quote
            where quote.created_at < services.day_after(as_of)
            order by number, version desc
        ) as latest
        cross join lateral (select latest.closed_at < services.day_after(as_of) as closed) as then_
        cross join lateral (
            select case when latest.closed_at is null or closed then latest.status when latest.sent_at < services.day_after(as_of) then 'sent' else 'draft' end,
                case when closed then latest.closed_at end
        ) as known (status, closed_at)
        join services.customer on customer.id = latest.customer_id
        left join services.project on project.id = latest.project_id
    ) as quote (number, versions, customer_code, customer_name, project_code, project_name, status, created_at, sent_at, valid_until, closed_at, amount, overdue, days)
    where (since is null or quote.created_at >= since) and (until is null or quote.created_at < until)
        and (customer is null or quote.customer_code = customer) and (project is null or quote.project_code = project)
        and (wanted_status is null or quote.status = wanted_status) and (not only_overdue or quote.overdue)
$$;
