-- What the reports share: percentiles, and for each kind of document the rows that were asked for, as they stood at the end of a day.
-- The functions with rows are single SELECTs, so that the planner sees through them. Days are calendar days in the time zone of the session.

create function services.percentile(figures numeric[], fraction numeric, method text) returns numeric
language sql immutable parallel safe
return case
    when cardinality(figures) = 0 then null
    when method = 'disc' then figures[greatest(ceil(fraction * cardinality(figures)), 1)::integer]
    when method = 'exc' and (fraction * (cardinality(figures) + 1) < 1 or fraction * (cardinality(figures) + 1) > cardinality(figures)) then null
    else (
        select figures[low] + (place - low) * (figures[least(low + 1, cardinality(figures))] - figures[low])
        from (select case method when 'exc' then fraction * (cardinality(figures) + 1) else fraction * (cardinality(figures) - 1) + 1 end) as rank (place)
        cross join lateral (select floor(place)::integer) as floored (low)
    )
end;

comment on function services.percentile(numeric[], numeric, text) is
    'Of figures in ascending order, without nulls. inc: interpolated at (n-1)p+1, as PERCENTILE.INC and percentile_cont; exc: interpolated at (n+1)p, as PERCENTILE.EXC, and null beyond its reach; disc: the first figure with at least that share at or below it, as percentile_disc.';

create function services.percentile_method(method text) returns text
language sql immutable parallel safe
return case method
    when 'inc' then 'PERCENTILE.INC: interpolated at (n − 1)p + 1'
    when 'exc' then 'PERCENTILE.EXC: interpolated at (n + 1)p'
    when 'disc' then 'percentile_disc: an existing value'
end;

create function services.day_after(as_of date) returns timestamptz
language sql stable parallel safe
return (as_of + 1)::timestamptz;

comment on function services.day_after(date) is 'The instant at which the day has ended, in the time zone of the session.';

create function services.quotes_asked(
    since timestamptz, until timestamptz, as_of date, customer text, project text, wanted_status text, only_overdue boolean
) returns table (
    number text, versions integer, customer_code text, customer_name text, project_code text, project_name text, status text,
    created_at timestamptz, sent_at timestamptz, valid_until date, closed_at timestamptz, amount numeric, overdue boolean, days integer
)
language sql stable parallel safe
as $$
    select *
    from (
        select latest.number, history.versions, customer.code, customer.name, project.code, project.name, known.status,
            history.created_at, latest.sent_at, latest.valid_until, known.closed_at, latest.amount,
            known.status = 'sent' and latest.valid_until is not null and latest.valid_until < as_of as overdue,
            known.closed_at::date - history.created_at::date as days
        from (
            select number, min(created_at) as created_at, max(version) as versions
            from services.quote
            where quote.created_at < services.day_after(as_of)
            group by number
        ) as history
        join services.quote as latest on latest.number = history.number and latest.version = history.versions
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

comment on function services.quotes_asked(timestamptz, timestamptz, date, text, text, text, boolean) is
    'One row a quote: its last version, created when its first was; the status it had at the end of as_of. days: from creation to closing.';

create function services.invoices_asked(
    since date, until date, as_of date, customer text, project text, wanted_status text, only_overdue boolean
) returns table (
    number text, customer_code text, customer_name text, project_code text, project_name text, status text, issued_on date, due_on date,
    total numeric, paid numeric, open_amount numeric, settled_on date, days integer, days_overdue integer, overdue boolean
)
language sql stable parallel safe
as $$
    select *
    from (
        select invoice.number, customer.code, customer.name, project.code, project.name,
            case when money.open <= 0 then 'settled' when invoice.due_on < as_of then 'overdue' when money.paid > 0 then 'partly paid' else 'open' end,
            invoice.issued_on, invoice.due_on, invoice.total, money.paid, money.open, known.settled_on,
            known.settled_on - invoice.issued_on, greatest(coalesce(known.settled_on, as_of) - invoice.due_on, 0),
            money.open > 0 and invoice.due_on < as_of
        from services.invoice
        left join (
            select allocation.invoice_id, sum(allocation.amount) as paid, max(payment.received_on) as last_on
            from services.payment_allocation as allocation
            join services.payment on payment.id = allocation.payment_id
            where payment.received_on <= as_of
            group by allocation.invoice_id
        ) as settlement on settlement.invoice_id = invoice.id
        cross join lateral (select coalesce(settlement.paid, 0), invoice.total - coalesce(settlement.paid, 0)) as money (paid, open)
        cross join lateral (select case when money.open <= 0 then coalesce(settlement.last_on, invoice.issued_on) end) as known (settled_on)
        join services.customer on customer.id = invoice.customer_id
        left join services.project on project.id = invoice.project_id
        where invoice.status = 'issued' and invoice.issued_on <= as_of
    ) as invoice (number, customer_code, customer_name, project_code, project_name, status, issued_on, due_on, total, paid, open_amount, settled_on, days, days_overdue, overdue)
    where (since is null or invoice.issued_on >= since) and (until is null or invoice.issued_on < until)
        and (customer is null or invoice.customer_code = customer) and (project is null or invoice.project_code = project)
        and (wanted_status is null or invoice.status = wanted_status) and (not only_overdue or invoice.overdue)
$$;

comment on function services.invoices_asked(date, date, date, text, text, text, boolean) is
    'One row an issued invoice as it stood at the end of as_of: later payments are not seen. It is settled on the day of the payment that left nothing open; days: from issue to settlement.';

create function services.dso_countback(as_of date, customer text, project text) returns numeric
language sql stable
as $$
    with issued as (
        select issued_on, total, open_amount from services.invoices_asked(null, null, as_of, customer, project, null, false)
    ),
    month as (
        select first, (least(first + interval '1 month', as_of + interval '1 day')::date - first::date) as days, coalesce(sum(issued.total), 0) as sales
        from generate_series((select date_trunc('month', min(issued_on)::timestamp) from issued), as_of::timestamp, interval '1 month') as first
        left join issued on date_trunc('month', issued.issued_on::timestamp) = first
        group by first
    ),
    back as (
        select days, sales, coalesce(sum(sales) over (order by first desc rows between unbounded preceding and 1 preceding), 0) as counted from month
    )
    select case
        when receivable.amount > (select sum(sales) from back) then null
        else (select sum(case when counted >= receivable.amount then 0 when counted + sales <= receivable.amount then days
            else days * (receivable.amount - counted) / sales end) from back)
    end
    from (select sum(open_amount) as amount from issued) as receivable
$$;

comment on function services.dso_countback(date, text, text) is
    'Days sales outstanding by counting back: what is open is taken from the sales of the latest month, then of those before, each for all its days; of the last month as many days as the rest is of its sales.';

create function services.payments_asked(
    since date, until date, as_of date, customer text, project text, wanted_status text, only_overdue boolean
) returns table (
    number text, customer_code text, customer_name text, received_on date, method text, amount numeric, applied numeric, unapplied numeric,
    status text, invoices text, days_late integer
)
language sql stable parallel safe
as $$
    select *
    from (
        select payment.number, customer.code, customer.name, payment.received_on, payment.method, payment.amount, coalesce(settled.amount, 0),
            payment.amount - coalesce(settled.amount, 0),
            case when settled.amount is null then 'unapplied' when settled.amount < payment.amount then 'partly applied' else 'applied' end,
            settled.invoices, case when settled.due_on is not null then greatest(payment.received_on - settled.due_on, 0) end
        from services.payment
        join services.customer on customer.id = payment.customer_id
        left join (
            select allocation.payment_id, sum(allocation.amount) as amount, string_agg(invoice.number, ', ' order by invoice.number) as invoices,
                min(invoice.due_on) as due_on, bool_or(project.code = payments_asked.project) as of_project
            from services.payment_allocation as allocation
            join services.invoice on invoice.id = allocation.invoice_id
            left join services.project on project.id = invoice.project_id
            group by allocation.payment_id
        ) as settled on settled.payment_id = payment.id
        where payments_asked.project is null or settled.of_project
    ) as payment (number, customer_code, customer_name, received_on, method, amount, applied, unapplied, status, invoices, days_late)
    where (since is null or payment.received_on >= since) and (until is null or payment.received_on < until) and payment.received_on <= as_of
        and (customer is null or payment.customer_code = customer)
        and (wanted_status is null or payment.status = wanted_status) and (not only_overdue or payment.days_late > 0)
$$;

comment on function services.payments_asked(date, date, date, text, text, text, boolean) is
    'One row a payment. days_late: after the earliest due date of the invoices it settles, null where it settles none. project: only payments that settle something of it.';

create function services.time_asked(
    since date, until date, as_of date, customer text, project text, wanted_status text, overdue_after integer, only_overdue boolean
) returns table (
    number text, person_code text, person_name text, project_code text, project_name text, customer_code text, customer_name text,
    worked_on date, hours numeric, billable boolean, status text, submitted_at timestamptz, decided_at timestamptz, decided_by text,
    days integer, waiting_days integer, overdue boolean
)
language sql stable parallel safe
as $$
    select *
    from (
        select entry.number, person.code, person.name, project.code, project.name, customer.code, customer.name, entry.worked_on, entry.hours,
            entry.billable, known.status, entry.submitted_at, known.decided_at, case when known.decided_at is not null then decider.name end,
            known.decided_at::date - entry.submitted_at::date,
            case when known.status = 'submitted' then as_of - entry.submitted_at::date end,
            known.status = 'submitted' and as_of - entry.submitted_at::date > overdue_after
        from services.time_entry as entry
        cross join lateral (
            select case
                when entry.submitted_at is null or entry.submitted_at >= services.day_after(as_of) then 'draft'
                when entry.decided_at is null or entry.decided_at >= services.day_after(as_of) then 'submitted'
                else entry.status end,
                case when entry.decided_at < services.day_after(as_of) then entry.decided_at end
        ) as known (status, decided_at)
        join services.person on person.id = entry.person_id
        left join services.person as decider on decider.id = entry.decided_by
        join services.project on project.id = entry.project_id
        join services.customer on customer.id = project.customer_id
        where entry.worked_on <= as_of
    ) as entry (
        number, person_code, person_name, project_code, project_name, customer_code, customer_name, worked_on, hours, billable, status, submitted_at,
        decided_at, decided_by, days, waiting_days, overdue
    )
    where (since is null or entry.worked_on >= since) and (until is null or entry.worked_on < until)
        and (customer is null or entry.customer_code = customer) and (project is null or entry.project_code = project)
        and (wanted_status is null or entry.status = wanted_status) and (not only_overdue or entry.overdue)
$$;

comment on function services.time_asked(date, date, date, text, text, text, integer, boolean) is
    'One row a time entry as it stood at the end of as_of. days: from submission to decision; overdue: it waits longer than overdue_after days.';
