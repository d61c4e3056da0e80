-- What an invoice comes to stands with it, kept by the database whenever a line, a payment or a refund changes: a summary of a million lines
-- then reads some ten thousand invoices instead.

alter table retail.sale
    add column lines bigint not null default 0,
    add column units bigint not null default 0,
    add column revenue numeric not null default 0,
    add column lines_without_cost bigint not null default 0,
    add column cost numeric not null default 0,
    add column paid numeric not null default 0,
    add column refunded numeric not null default 0;

comment on column retail.sale.lines is 'How many lines it has. This and the sums after it are kept by triggers; nobody writes them.';
comment on column retail.sale.cost is 'Of the lines whose cost is known: use it where lines_without_cost is 0.';

create function retail.add_lines() returns trigger
language plpgsql
as $$
begin
    if not exists (select from added) then
        return null;
    end if;
    update retail.sale
    set lines = sale.lines + change.lines, units = sale.units + change.units, revenue = sale.revenue + change.revenue,
        lines_without_cost = sale.lines_without_cost + change.lines_without_cost, cost = sale.cost + change.cost
    from (
        select organization_id, sale_id, count(*) as lines, sum(quantity) as units, sum(line_total) as revenue,
            count(*) - count(unit_cost) as lines_without_cost, coalesce(sum(quantity * unit_cost), 0) as cost
        from added group by organization_id, sale_id
    ) as change
    where sale.organization_id = change.organization_id and sale.id = change.sale_id;
    return null;
end $$;

create function retail.remove_lines() returns trigger
language plpgsql
as $$
begin
    if not exists (select from removed) then
        return null;
    end if;
    update retail.sale
    set lines = sale.lines - change.lines, units = sale.units - change.units, revenue = sale.revenue - change.revenue,
        lines_without_cost = sale.lines_without_cost - change.lines_without_cost, cost = sale.cost - change.cost
    from (
        select organization_id, sale_id, count(*) as lines, sum(quantity) as units, sum(line_total) as revenue,
            count(*) - count(unit_cost) as lines_without_cost, coalesce(sum(quantity * unit_cost), 0) as cost
        from removed group by organization_id, sale_id
    ) as change
    where sale.organization_id = change.organization_id and sale.id = change.sale_id;
    return null;
end $$;

create function retail.add_money() returns trigger
language plpgsql
as $$
begin
    if not exists (select from added) then
        return null;
    end if;
    update retail.sale
    set paid = sale.paid + case tg_argv[0] when 'paid' then change.amount else 0 end,
        refunded = sale.refunded + case tg_argv[0] when 'refunded' then change.amount else 0 end
    from (select organization_id, sale_id, sum(amount) as amount from added group by organization_id, sale_id) as change
    where sale.organization_id = change.organization_id and sale.id = change.sale_id;
    return null;
end $$;

create function retail.remove_money() returns trigger
language plpgsql
as $$
begin
    if not exists (select from removed) then
        return null;
    end if;
    update retail.sale
    set paid = sale.paid - case tg_argv[0] when 'paid' then change.amount else 0 end,
        refunded = sale.refunded - case tg_argv[0] when 'refunded' then change.amount else 0 end
    from (select organization_id, sale_id, sum(amount) as amount from removed group by organization_id, sale_id) as change
    where sale.organization_id = change.organization_id and sale.id = change.sale_id;
    return null;
end $$;

-- PostgreSQL hands a trigger the rows of one kind of change only; a change of rows is both.
create trigger lines_added after insert on retail.sale_line referencing new table as added for each statement execute function retail.add_lines();
create trigger lines_removed after delete on retail.sale_line referencing old table as removed for each statement execute function retail.remove_lines();
create trigger lines_changed_from after update on retail.sale_line referencing old table as removed for each statement execute function retail.remove_lines();
create trigger lines_changed_to after update on retail.sale_line referencing new table as added for each statement execute function retail.add_lines();
create trigger paid_added after insert on retail.payment referencing new table as added for each statement execute function retail.add_money('paid');
create trigger paid_removed after delete on retail.payment referencing old table as removed for each statement execute function retail.remove_money('paid');
create trigger paid_changed_from after update on retail.payment referencing old table as removed for each statement execute function retail.remove_money('paid');
create trigger paid_changed_to after update on retail.payment referencing new table as added for each statement execute function retail.add_money('paid');
create trigger refunded_added after insert on retail.refund referencing new table as added for each statement execute function retail.add_money('refunded');
create trigger refunded_removed after delete on retail.refund referencing old table as removed for each statement execute function retail.remove_money('refunded');
create trigger refunded_changed_from after update on retail.refund referencing old table as removed for each statement execute function retail.remove_money('refunded');
create trigger refunded_changed_to after update on retail.refund referencing new table as added for each statement execute function retail.add_money('refunded');

revoke execute on function retail.add_lines(), retail.remove_lines(), retail.add_money(), retail.remove_money() from public;
grant execute on function retail.add_lines(), retail.remove_lines(), retail.add_money(), retail.remove_money() to octavo_app;

-- What is there already is added up once, by the owner, who otherwise sees no organization's rows.
alter table retail.sale no force row level security;
alter table retail.sale_line no force row level security;
alter table retail.payment no force row level security;
alter table retail.refund no force row level security;

update retail.sale
set lines = line.lines, units = line.units, revenue = line.revenue, lines_without_cost = line.lines_without_cost, cost = line.cost
from (
    select organization_id, sale_id, count(*) as lines, sum(quantity) as units, sum(line_total) as revenue,
        count(*) - count(unit_cost) as lines_without_cost, coalesce(sum(quantity * unit_cost), 0) as cost
    from retail.sale_line group by organization_id, sale_id
) as line
where sale.organization_id = line.organization_id and sale.id = line.sale_id;

update retail.sale set paid = money.amount
from (select organization_id, sale_id, sum(amount) as amount from retail.payment group by organization_id, sale_id) as money
where sale.organization_id = money.organization_id and sale.id = money.sale_id;

update retail.sale set refunded = money.amount
from (select organization_id, sale_id, sum(amount) as amount from retail.refund group by organization_id, sale_id) as money
where sale.organization_id = money.organization_id and sale.id = money.sale_id;

alter table retail.sale force row level security;
alter table retail.sale_line force row level security;
alter table retail.payment force row level security;
alter table retail.refund force row level security;

create or replace view retail.sale_figures with (security_invoker = true, security_barrier = true) as
select sale.organization_id, sale.id, sale.invoice_number, sale.sold_at, store.code as store_code, customer.number as customer_number,
    sale.country, sale.kind, sale.status, sale.lines, sale.units, sale.revenue, sale.discount, sale.revenue - sale.discount as net_revenue,
    sale.tax, sale.revenue - sale.discount + sale.tax as total, sale.paid, sale.refunded, sale.lines_without_cost, sale.cost
from retail.sale
left join retail.store on store.id = sale.store_id
left join retail.customer on customer.id = sale.customer_id;
