-- What a payment is applied to, and what an invoice was paid, stand with them, kept by the database whenever an allocation changes: a report
-- of the payments of a year then reads those, and neither their allocations nor the invoices. What was paid up to an earlier day is still
-- added up, for the invoices that were paid something after it. Sums are read anew under a lock on the invoice and the payment, the invoice
-- first: so they are right whoever else writes meanwhile.

alter table services.payment add column applied numeric not null default 0, add column settles_due date;
alter table services.invoice add column paid numeric not null default 0, add column last_paid_on date;

comment on column services.payment.applied is 'How much of it is applied to invoices. This and settles_due are kept by triggers; nobody writes them.';
comment on column services.payment.settles_due is 'The earliest due date of the invoices that it settles; null where it settles none.';
comment on column services.invoice.paid is 'What was paid of it in all. This and last_paid_on are kept by triggers; nobody writes them.';
comment on column services.invoice.last_paid_on is 'The day of its last payment; null where there is none.';


create function services.sum_payments(organizations bigint[], payments bigint[], invoices bigint[]) returns void
language plpgsql volatile
as $$
begin
    perform from services.invoice
    where (organization_id, id) in (select * from unnest(organizations, invoices)) order by organization_id, id for no key update;
    perform from services.payment
    where (organization_id, id) in (select * from unnest(organizations, payments)) order by organization_id, id for no key update;
    update services.invoice
    set paid = coalesce(settled.amount, 0), last_paid_on = settled.last_on
    from (select distinct * from unnest(organizations, invoices)) as changed (organization_id, id)
    left join lateral (
        select sum(allocation.amount) as amount, max(payment.received_on) as last_on
        from services.payment_allocation as allocation
        join services.payment on payment.organization_id = allocation.organization_id and payment.id = allocation.payment_id
        where allocation.organization_id = changed.organization_id and allocation.invoice_id = changed.id
    ) as settled on true
    where invoice.organization_id = changed.organization_id and invoice.id = changed.id
        and (invoice.paid, invoice.last_paid_on) is distinct from (coalesce(settled.amount, 0), settled.last_on);
    update services.payment
    set applied = coalesce(settles.amount, 0), settles_due = settles.due_on
    from (select distinct * from unnest(organizations, payments)) as changed (organization_id, id)
    left join lateral (
        select sum(allocation.amount) as amount, min(invoice.due_on) as due_on
        from services.payment_allocation as allocation
        join services.invoice on invoice.organization_id = allocation.organization_id and invoice.id = allocation.invoice_id
        where allocation.organization_id = changed.organization_id and allocation.payment_id = changed.id
    ) as settles on true
    where payment.organization_id = changed.organization_id and payment.id = changed.id
        and (payment.applied, payment.settles_due) is distinct from (coalesce(settles.amount, 0), settles.due_on);
end $$;

comment on function services.sum_payments(bigint[], bigint[], bigint[]) is
    'Adds up anew what these payments are applied to and what these invoices were paid, each under a lock.';

create function services.keep_allocations() returns trigger
language plpgsql
as $$
declare
    organizations bigint[];
    payments bigint[];
    invoices bigint[];
begin
    if tg_op = 'INSERT' then
        select array_agg(organization_id), array_agg(payment_id), array_agg(invoice_id) into organizations, payments, invoices from added;
    elsif tg_op = 'DELETE' then
        select array_agg(organization_id), array_agg(payment_id), array_agg(invoice_id) into organizations, payments, invoices from removed;
    else
        select array_agg(organization_id), array_agg(payment_id), array_agg(invoice_id) into organizations, payments, invoices
        from (select * from added union select * from removed) as changed;
    end if;
    if organizations is not null then
        perform services.sum_payments(organizations, payments, invoices);
    end if;
    return null;
end $$;

create function services.keep_dates() returns trigger
language plpgsql
as $$
declare
    organizations bigint[];
    payments bigint[];
    invoices bigint[];
begin
    -- Only a day that moved counts; an update of the sums themselves ends here.
    if tg_table_name = 'payment' then
        select array_agg(allocation.organization_id), array_agg(allocation.payment_id), array_agg(allocation.invoice_id)
        into organizations, payments, invoices
        from (select organization_id, id, received_on from added except select organization_id, id, received_on from removed) as moved
        join services.payment_allocation as allocation on allocation.organization_id = moved.organization_id and allocation.payment_id = moved.id;
    else
        select array_agg(allocation.organization_id), array_agg(allocation.payment_id), array_agg(allocation.invoice_id)
        into organizations, payments, invoices
        from (select organization_id, id, due_on from added except select organization_id, id, due_on from removed) as moved
        join services.payment_allocation as allocation on allocation.organization_id = moved.organization_id and allocation.invoice_id = moved.id;
    end if;
    if organizations is not null then
        perform services.sum_payments(organizations, payments, invoices);
    end if;
    return null;
end $$;

-- A cascade deletes as the owner of the tables, who sees no organization's rows and could keep no sums. So the allocations of a payment that is
-- deleted go by a trigger, as whoever deletes it; that none is left is asked after that, and at any other time at once.
alter table services.payment_allocation drop constraint payment_allocation_organization_id_payment_id_fkey;
alter table services.payment_allocation add constraint an_allocation_is_of_a_payment
    foreign key (organization_id, payment_id) references services.payment (organization_id, id) deferrable initially immediate;

create function services.remove_allocations() returns trigger
language plpgsql
as $$
begin
    if tg_when = 'BEFORE' then
        set constraints services.an_allocation_is_of_a_payment deferred;
        return null;
    end if;
    delete from services.payment_allocation as allocation
    using removed
    where allocation.organization_id = removed.organization_id and allocation.payment_id = removed.id;
    set constraints services.an_allocation_is_of_a_payment immediate;
    return null;
end $$;

create function services.refuse_truncate() returns trigger
language plpgsql
as $$
begin
    if pg_relation_size('services.invoice') > 0 or pg_relation_size('services.payment') > 0 then
        raise exception 'services.payment_allocation cannot be truncated without services.invoice and services.payment, which keep its sums; delete the rows, or truncate all';
    end if;
    return null;
end $$;

-- What is there already is added up once, by the owner, who otherwise sees no organization's rows.
alter table services.invoice no force row level security;
alter table services.payment no force row level security;
alter table services.payment_allocation no force row level security;

update services.invoice set paid = settled.amount, last_paid_on = settled.last_on
from (
    select allocation.organization_id, allocation.invoice_id, sum(allocation.amount) as amount, max(payment.received_on) as last_on
    from services.payment_allocation as allocation
    join services.payment on payment.organization_id = allocation.organization_id and payment.id = allocation.payment_id
    group by allocation.organization_id, allocation.invoice_id
) as settled
where settled.organization_id = invoice.organization_id and settled.invoice_id = invoice.id;

update services.payment set applied = settles.amount, settles_due = settles.due_on
from (
    select allocation.organization_id, allocation.payment_id, sum(allocation.amount) as amount, min(invoice.due_on) as due_on
    from services.payment_allocation as allocation
    join services.invoice on invoice.organization_id = allocation.organization_id and invoice.id = allocation.invoice_id
    group by allocation.organization_id, allocation.payment_id
) as settles
where settles.organization_id = payment.organization_id and settles.payment_id = payment.id;

alter table services.invoice force row level security;
alter table services.payment force row level security;
alter table services.payment_allocation force row level security;

-- From now on.
create trigger sums_of_added after insert on services.payment_allocation referencing new table as added for each statement execute function services.keep_allocations();
create trigger sums_of_removed after delete on services.payment_allocation referencing old table as removed for each statement execute function services.keep_allocations();
create trigger sums_of_changed after update on services.payment_allocation referencing old table as removed new table as added for each statement execute function services.keep_allocations();
create trigger sums_of_truncated after truncate on services.payment_allocation for each statement execute function services.refuse_truncate();
create trigger allocations_may_go before delete on services.payment for each statement execute function services.remove_allocations();
create trigger allocations_go_too after delete on services.payment referencing old table as removed for each statement execute function services.remove_allocations();
create trigger sums_of_moved after update on services.payment referencing old table as removed new table as added for each statement execute function services.keep_dates();
create trigger sums_of_moved after update on services.invoice referencing old table as removed new table as added for each statement execute function services.keep_dates();

revoke execute on function
    services.sum_payments(bigint[], bigint[], bigint[]), services.keep_allocations(), services.keep_dates(), services.remove_allocations(), services.refuse_truncate()
from public;
grant execute on function services.sum_payments(bigint[], bigint[], bigint[]), services.keep_allocations(), services.keep_dates(), services.remove_allocations()
to octavo_app;


-- The reports, over the sums. The end of a day is worked out once, not for every row.

create or replace function services.invoices_asked(
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
        left join lateral (
            select sum(allocation.amount) as paid, max(payment.received_on) as last_on
            from services.payment_allocation as allocation
            join services.payment on payment.id = allocation.payment_id
            where allocation.invoice_id = invoice.id and payment.received_on <= as_of and invoice.last_paid_on > as_of
        ) as earlier on true
        cross join lateral (
            select case when invoice.last_paid_on > as_of then coalesce(earlier.paid, 0) else invoice.paid end,
                case when invoice.last_paid_on > as_of then earlier.last_on else invoice.last_paid_on end
        ) as settlement (paid, last_on)
        cross join lateral (select settlement.paid, invoice.total - settlement.paid) as money (paid, open)
        cross join lateral (select case when money.open <= 0 then coalesce(settlement.last_on, invoice.issued_on) end) as known (settled_on)
        join services.customer on customer.id = invoice.customer_id
        left join services.project on project.id = invoice.project_id
        where invoice.status = 'issued' and invoice.issued_on <= as_of
    ) as invoice (number, customer_code, customer_name, project_code, project_name, status, issued_on, due_on, total, paid, open_amount, settled_on, days, days_overdue, overdue)
    where (since is null or invoice.issued_on >= since) and (until is null or invoice.issued_on < until)
        and (customer is null or invoice.customer_code = customer) and (project is null or invoice.project_code = project)
        and (wanted_status is null or invoice.status = wanted_status) and (not only_overdue or invoice.overdue)
$$;

create or replace function services.payments_asked(
    since date, until date, as_of date, customer text, project text, wanted_status text, only_overdue boolean
) returns table (
    number text, customer_code text, customer_name text, received_on date, method text, amount numeric, applied numeric, unapplied numeric,
    status text, invoices text, days_late integer
)
language sql stable parallel safe
as $$
    select *
    from (
        select payment.number, customer.code, customer.name, payment.received_on, payment.method, payment.amount, payment.applied,
            payment.amount - payment.applied,
            case when payment.applied = 0 then 'unapplied' when payment.applied < payment.amount then 'partly applied' else 'applied' end,
            settled.invoices, case when payment.settles_due is not null then greatest(payment.received_on - payment.settles_due, 0) end
        from services.payment
        join services.customer on customer.id = payment.customer_id
        left join (
            select allocation.payment_id, string_agg(invoice.number, ', ' order by invoice.number) as invoices,
                bool_or(project.code = payments_asked.project) as of_project
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
            where quote.created_at < (select services.day_after(as_of))
            order by number, version desc
        ) as latest
        cross join lateral (select latest.closed_at < (select services.day_after(as_of)) as closed) as then_
        cross join lateral (
            select case when latest.closed_at is null or closed then latest.status
                when latest.sent_at < (select services.day_after(as_of)) then 'sent' else 'draft' end,
                case when closed then latest.closed_at end
        ) as known (status, closed_at)
        join services.customer on customer.id = latest.customer_id
        left join services.project on project.id = latest.project_id
    ) as quote (number, versions, customer_code, customer_name, project_code, project_name, status, created_at, sent_at, valid_until, closed_at, amount, overdue, days)
    where (since is null or quote.created_at >= since) and (until is null or quote.created_at < until)
        and (customer is null or quote.customer_code = customer) and (project is null or quote.project_code = project)
        and (wanted_status is null or quote.status = wanted_status) and (not only_overdue or quote.overdue)
$$;

create or replace function services.time_asked(
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
                when entry.submitted_at is null or entry.submitted_at >= (select services.day_after(as_of)) then 'draft'
                when entry.decided_at is null or entry.decided_at >= (select services.day_after(as_of)) then 'submitted'
                else entry.status end,
                case when entry.decided_at < (select services.day_after(as_of)) then entry.decided_at end
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


-- Percentiles of whole numbers are picked from an array in which each has its place; the arithmetic is that of numeric.

create function services.percentile_of_days(days integer[], fraction numeric, method text) returns numeric
language sql immutable parallel safe
return case
    when cardinality(days) = 0 then null
    when method = 'disc' then days[greatest(ceil(fraction * cardinality(days)), 1)::integer]::numeric
    when method = 'exc' and (fraction * (cardinality(days) + 1) < 1 or fraction * (cardinality(days) + 1) > cardinality(days)) then null
    else (
        select days[low] + (place - low) * (days[least(low + 1, cardinality(days))] - days[low])
        from (select case method when 'exc' then fraction * (cardinality(days) + 1) else fraction * (cardinality(days) - 1) + 1 end) as rank (place)
        cross join lateral (select floor(place)::integer) as floored (low)
    )
end;

comment on function services.percentile_of_days(integer[], numeric, text) is 'As services.percentile(numeric[], numeric, text), of whole numbers in ascending order.';

revoke execute on function services.percentile_of_days(integer[], numeric, text) from public;
grant execute on function services.percentile_of_days(integer[], numeric, text) to octavo_app, octavo_reader;
