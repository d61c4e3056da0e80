-- What an invoice comes to stands with it, and what is compared stands with its comparison, kept by the database whenever a line or a pair
-- changes. Both are read anew from the lines, under a lock on the invoice or the comparison: so they are right whoever else writes meanwhile.

alter table energy.invoice_header
    add column lines bigint not null default 0, add column subtotal numeric not null default 0, add column tax numeric not null default 0;
alter table energy.expected_invoice_header
    add column lines bigint not null default 0, add column subtotal numeric not null default 0, add column tax numeric not null default 0;
alter table energy.received_invoice_header
    add column lines bigint not null default 0, add column subtotal numeric not null default 0, add column tax numeric not null default 0;

comment on column energy.invoice_header.lines is 'How many lines it has. This and the sums after it are kept by triggers; nobody writes them.';
comment on column energy.invoice_header.tax is 'Of the lines of each rate together, rounded once a rate.';
comment on column energy.expected_invoice_header.lines is 'How many lines it has. This and the sums after it are kept by triggers; nobody writes them.';
comment on column energy.received_invoice_header.lines is 'How many lines it has. This and the sums after it are kept by triggers; nobody writes them.';
comment on column energy.received_invoice_header.tax is 'What its lines come to, rounded once a rate; stated_tax is what is printed on it.';

alter table energy.invoice_comparison
    add column compared_types bigint[] not null default '{}', add column compared_expected numeric[] not null default '{}',
    add column compared_received numeric[] not null default '{}';

comment on column energy.invoice_comparison.compared_types is
    'The type of each compared line, null where it is not classified. This and the two arrays beside it, of the same length, are kept by triggers; nobody writes them.';
comment on column energy.invoice_comparison.compared_expected is 'What was expected for each compared line, null where the line is missing there.';
comment on column energy.invoice_comparison.compared_received is 'What was billed for each compared line, null where the line is missing there.';


-- An index that holds what is added up of a line: an invoice is then added up without its lines being looked at.

alter table energy.invoice_line drop constraint invoice_line_organization_id_invoice_header_id_line_number_key;
alter table energy.expected_invoice_line drop constraint expected_invoice_line_organization_id_expected_invoice_head_key;
alter table energy.received_invoice_line drop constraint received_invoice_line_organization_id_received_invoice_head_key;
alter table energy.invoice_line add constraint a_line_of_an_invoice_has_a_number_of_its_own
    unique (organization_id, invoice_header_id, line_number) include (line_total, tax_rate, invoice_line_type_id);
alter table energy.expected_invoice_line add constraint a_line_of_an_expected_invoice_has_a_number_of_its_own
    unique (organization_id, expected_invoice_header_id, line_number) include (line_total, tax_rate, invoice_line_type_id);
alter table energy.received_invoice_line add constraint a_line_of_a_received_invoice_has_a_number_of_its_own
    unique (organization_id, received_invoice_header_id, line_number) include (line_total, tax_rate, invoice_line_type_id);


-- A period, a contract, a plant or an invoice is of one organization. The planner takes the two for unrelated, expects one row where there
-- are thousands, and loops over them; this tells it.

create statistics energy.invoice_header_of_one (dependencies) on organization_id, billing_period_id, contract_id from energy.invoice_header;
create statistics energy.expected_invoice_header_of_one (dependencies) on organization_id, billing_period_id, contract_id from energy.expected_invoice_header;
create statistics energy.received_invoice_header_of_one (dependencies) on organization_id, billing_period_id, contract_id from energy.received_invoice_header;
create statistics energy.invoice_comparison_of_one (dependencies) on organization_id, billing_period_id, contract_id from energy.invoice_comparison;
create statistics energy.contract_of_one (dependencies) on organization_id, project_id from energy.contract;
create statistics energy.invoice_line_of_one (dependencies) on organization_id, invoice_header_id from energy.invoice_line;
create statistics energy.expected_invoice_line_of_one (dependencies) on organization_id, expected_invoice_header_id from energy.expected_invoice_line;
create statistics energy.received_invoice_line_of_one (dependencies) on organization_id, received_invoice_header_id from energy.received_invoice_line;
create statistics energy.invoice_comparison_line_of_one (dependencies) on organization_id, invoice_comparison_id from energy.invoice_comparison_line;


-- Line against line, written once: for the comparison as a report, and for what is kept of it.

create function energy.matched_lines(comparisons bigint[]) returns table (
    organization_id bigint, invoice_comparison_id bigint, expected_line_number integer, received_line_number integer,
    invoice_line_type_id bigint, expected_description text, received_description text, expected_quantity numeric, received_quantity numeric,
    expected_unit_price numeric, received_unit_price numeric, expected_amount numeric, received_amount numeric, remark text
)
language sql stable
as $$
    with expected as (
        select comparison.organization_id, comparison.id as comparison_id, line.id as line_id, line.line_number, line.invoice_line_type_id,
            line.description, line.quantity, line.unit_price, line.line_total, pair.description as remark
        from energy.invoice_comparison as comparison
        join energy.expected_invoice_line as line
            on line.organization_id = comparison.organization_id and line.expected_invoice_header_id = comparison.expected_invoice_header_id
        left join energy.invoice_comparison_line as pair
            on pair.organization_id = comparison.organization_id and pair.invoice_comparison_id = comparison.id and pair.expected_invoice_line_id = line.id
        where comparison.id = any (comparisons)
    ), received as (
        select comparison.organization_id, comparison.id as comparison_id, line.id as line_id, line.line_number, line.invoice_line_type_id,
            line.description, line.quantity, line.unit_price, line.line_total, pair.description as remark, pair.expected_invoice_line_id as answers
        from energy.invoice_comparison as comparison
        join energy.received_invoice_line as line
            on line.organization_id = comparison.organization_id and line.received_invoice_header_id = comparison.received_invoice_header_id
        left join energy.invoice_comparison_line as pair
            on pair.organization_id = comparison.organization_id and pair.invoice_comparison_id = comparison.id and pair.received_invoice_line_id = line.id
        where comparison.id = any (comparisons)
    )
    select
        coalesce(expected.organization_id, received.organization_id), coalesce(expected.comparison_id, received.comparison_id),
        expected.line_number, received.line_number, coalesce(expected.invoice_line_type_id, received.invoice_line_type_id),
        expected.description::text, received.description::text, expected.quantity::numeric, received.quantity::numeric,
        expected.unit_price::numeric, received.unit_price::numeric, expected.line_total::numeric, received.line_total::numeric,
        nullif(coalesce(received.remark, expected.remark), '')
    from expected
    full join received on received.organization_id = expected.organization_id and received.comparison_id = expected.comparison_id
        and received.answers = expected.line_id
$$;

comment on function energy.matched_lines(bigint[]) is
    'Every line of the two invoices of each comparison exactly once: with the line that answers it as invoice_comparison_line says, else alone, and what the other side would say is null.';

create function energy.match_of(expected numeric, received numeric) returns text
language sql immutable parallel safe
return case when received is null then 'missing in received' when expected is null then 'missing in expected' else 'matched' end;

comment on function energy.match_of(numeric, numeric) is 'On which side a compared line is missing.';

create or replace function energy.compare_invoice_lines(
    billing_period bigint, contract bigint, project bigint, tolerance_percent numeric, tolerance_amount numeric, tolerance_rule text
) returns table (
    invoice_comparison_id bigint, expected_line_number integer, received_line_number integer, match text, line_type text,
    expected_description text, received_description text, cause text, expected_amount numeric, received_amount numeric,
    variance_amount numeric, variance_percent numeric, discrepancy boolean, remark text
)
language sql stable
as $$
    select
        line.invoice_comparison_id, line.expected_line_number, line.received_line_number,
        energy.match_of(line.expected_amount, line.received_amount), coalesce(type.name, 'Not classified'),
        line.expected_description, line.received_description,
        case
            when line.expected_amount is null or line.received_amount is null or line.expected_amount = line.received_amount then null
            when line.expected_quantity = line.received_quantity and line.expected_unit_price <> line.received_unit_price then 'price'
            when line.expected_quantity <> line.received_quantity and line.expected_unit_price = line.received_unit_price then 'quantity'
            when line.expected_quantity <> line.received_quantity and line.expected_unit_price <> line.received_unit_price then 'price and quantity'
            else 'amount'
        end,
        line.expected_amount, line.received_amount,
        coalesce(line.received_amount, 0) - coalesce(line.expected_amount, 0),
        energy.variance_percent(line.expected_amount, line.received_amount),
        energy.exceeds_tolerance(line.expected_amount, line.received_amount, tolerance_percent, tolerance_amount, tolerance_rule),
        line.remark
    from energy.matched_lines(array(
        select comparison.id
        from energy.invoice_comparison as comparison
        join energy.contract as agreement on agreement.id = comparison.contract_id
        where comparison.billing_period_id = billing_period
            and (contract is null or comparison.contract_id = contract)
            and (project is null or agreement.project_id = project)
    )) as line
    left join energy.invoice_line_type as type on type.organization_id = line.organization_id and type.id = line.invoice_line_type_id
$$;


-- Keeping them.

create function energy.sum_invoices(header name, line name, reference name, organizations bigint[], ids bigint[]) returns void
language plpgsql volatile
as $$
begin
    -- First the lock, in the order of the ids, then the sums: who had to wait then sees what the other has committed.
    execute format(
        'select from energy.%I where (organization_id, id) in (select * from unnest($1, $2)) order by organization_id, id for no key update', header
    ) using organizations, ids;
    execute format(
        'update energy.%1$I as header
        set lines = coalesce(kept.lines, 0), subtotal = coalesce(kept.subtotal, 0), tax = coalesce(kept.tax, 0)
        from unnest($1, $2) as changed (organization_id, id)
        left join lateral (
            select sum(rate.lines) as lines, sum(rate.amount) as subtotal, sum(rate.tax) as tax
            from (
                select count(*) as lines, sum(line_total) as amount, round(sum(line_total) * tax_rate / 100, 2) as tax
                from energy.%2$I as line
                where line.organization_id = changed.organization_id and line.%3$I = changed.id
                group by tax_rate
            ) as rate
        ) as kept on true
        where header.organization_id = changed.organization_id and header.id = changed.id',
        header, line, reference
    ) using organizations, ids;
end $$;

create function energy.compare_anew(organizations bigint[], ids bigint[]) returns void
language plpgsql volatile
as $$
begin
    perform from energy.invoice_comparison
    where (organization_id, id) in (select * from unnest(organizations, ids)) order by organization_id, id for no key update;
    update energy.invoice_comparison as comparison
    set compared_types = coalesce(line.types, '{}'), compared_expected = coalesce(line.expected, '{}'), compared_received = coalesce(line.received, '{}')
    from unnest(organizations, ids) as changed (organization_id, id)
    left join (
        select organization_id, invoice_comparison_id, array_agg(invoice_line_type_id order by expected_line_number, received_line_number) as types,
            array_agg(expected_amount order by expected_line_number, received_line_number) as expected,
            array_agg(received_amount order by expected_line_number, received_line_number) as received
        from energy.matched_lines(ids)
        group by organization_id, invoice_comparison_id
    ) as line on line.organization_id = changed.organization_id and line.invoice_comparison_id = changed.id
    where comparison.organization_id = changed.organization_id and comparison.id = changed.id;
end $$;

create function energy.keep_invoices() returns trigger
language plpgsql
as $$
declare
    line constant name := tg_table_name;
    header constant name := replace(tg_table_name, '_line', '_header');
    reference constant name := header || '_id';
    counts constant text := format('organization_id, %I, id, line_number, line_total, tax_rate, invoice_line_type_id', reference);
    organizations bigint[];
    ids bigint[];
begin
    -- Of a change only the lines of which something counts are looked at: both where they were and where they are.
    execute format(
        'select array_agg(organization_id), array_agg(%1$I) from (select distinct organization_id, %1$I from (%2$s) as line) as changed', reference,
        case tg_op
            when 'INSERT' then 'select * from added'
            when 'DELETE' then 'select * from removed'
            else format('(select %1$s from added except select %1$s from removed) union all (select %1$s from removed except select %1$s from added)', counts)
        end
    ) into organizations, ids;
    if ids is null then
        return null;
    end if;
    perform energy.sum_invoices(header, line, reference, organizations, ids);
    if header = 'invoice_header' then
        return null;
    end if;
    -- Only now it is looked which comparisons there are: who makes one writes to its invoices, and so comes before or waits.
    execute format(
        'select array_agg(organization_id), array_agg(id) from energy.invoice_comparison where (organization_id, %I) in (select * from unnest($1, $2))', reference
    ) into organizations, ids using organizations, ids;
    if ids is not null then
        perform energy.compare_anew(organizations, ids);
    end if;
    return null;
end $$;

create function energy.keep_comparisons() returns trigger
language plpgsql
as $$
declare
    organizations bigint[];
    ids bigint[];
begin
    if tg_op = 'INSERT' then
        select array_agg(organization_id), array_agg(id) into organizations, ids from added;
    else
        select array_agg(organization_id), array_agg(id) into organizations, ids
        from (
            select organization_id, id, expected_invoice_header_id, received_invoice_header_id from added
            except select organization_id, id, expected_invoice_header_id, received_invoice_header_id from removed
        ) as changed;
    end if;
    if ids is null then
        return null;
    end if;
    -- Whoever writes lines of these invoices writes to the invoices as well: one waits for the other, or in a snapshot of its own fails.
    update energy.expected_invoice_header set lines = lines where (organization_id, id) in (
        select organization_id, expected_invoice_header_id from energy.invoice_comparison where (organization_id, id) in (select * from unnest(organizations, ids)));
    update energy.received_invoice_header set lines = lines where (organization_id, id) in (
        select organization_id, received_invoice_header_id from energy.invoice_comparison where (organization_id, id) in (select * from unnest(organizations, ids)));
    perform energy.compare_anew(organizations, ids);
    return null;
end $$;

create function energy.keep_pairs() returns trigger
language plpgsql
as $$
declare
    organizations bigint[];
    ids bigint[];
begin
    if tg_op = 'INSERT' then
        select array_agg(organization_id), array_agg(id) into organizations, ids
        from (select distinct organization_id, invoice_comparison_id from added) as changed (organization_id, id);
    elsif tg_op = 'DELETE' then
        select array_agg(organization_id), array_agg(id) into organizations, ids
        from (select distinct organization_id, invoice_comparison_id from removed) as changed (organization_id, id);
    else
        select array_agg(organization_id), array_agg(id) into organizations, ids
        from (select organization_id, invoice_comparison_id from added union select organization_id, invoice_comparison_id from removed) as changed (organization_id, id);
    end if;
    if ids is not null then
        perform energy.compare_anew(organizations, ids);
    end if;
    return null;
end $$;

create function energy.refuse_truncate() returns trigger
language plpgsql
as $$
begin
    if pg_relation_size(format('energy.%I', tg_argv[0])::regclass) > 0 then
        raise exception 'energy.% cannot be truncated without energy.%, which keeps its sums; delete the rows, or truncate both', tg_table_name, tg_argv[0];
    end if;
    return null;
end $$;

comment on function energy.sum_invoices(name, name, name, bigint[], bigint[]) is 'Adds up the lines of invoices anew, each under a lock.';
comment on function energy.compare_anew(bigint[], bigint[]) is 'Compares the lines of comparisons anew, each under a lock.';


-- What is there already is added up once, by the owner, who otherwise sees no organization's rows; the comparisons in parts.

do $$
declare
    relation text;
    comparisons bigint[];
begin
    foreach relation in array '{invoice_header,invoice_line,expected_invoice_header,expected_invoice_line,received_invoice_header,received_invoice_line,invoice_comparison,invoice_comparison_line}'::text[] loop
        execute format('alter table energy.%I no force row level security', relation);
    end loop;
    foreach relation in array '{invoice,expected_invoice,received_invoice}'::text[] loop
        execute format(
            'update energy.%1$s_header as header set lines = kept.lines, subtotal = kept.subtotal, tax = kept.tax
            from (
                select organization_id, id, sum(lines) as lines, sum(amount) as subtotal, sum(tax) as tax
                from (
                    select organization_id, %1$s_header_id as id, count(*) as lines, sum(line_total) as amount, round(sum(line_total) * tax_rate / 100, 2) as tax
                    from energy.%1$s_line group by organization_id, %1$s_header_id, tax_rate
                ) as rate
                group by organization_id, id
            ) as kept
            where header.organization_id = kept.organization_id and header.id = kept.id', relation
        );
    end loop;
    perform energy.compare_anew(array_agg(organization_id), array_agg(id))
    from (select organization_id, id, row_number() over (order by organization_id, id) / 1000 as part from energy.invoice_comparison) as comparison
    group by part;
    foreach relation in array '{invoice_header,invoice_line,expected_invoice_header,expected_invoice_line,received_invoice_header,received_invoice_line,invoice_comparison,invoice_comparison_line}'::text[] loop
        execute format('alter table energy.%I force row level security', relation);
    end loop;
end $$;


-- From now on.

create trigger sums_of_added after insert on energy.invoice_line referencing new table as added for each statement execute function energy.keep_invoices();
create trigger sums_of_removed after delete on energy.invoice_line referencing old table as removed for each statement execute function energy.keep_invoices();
create trigger sums_of_changed after update on energy.invoice_line referencing old table as removed new table as added for each statement execute function energy.keep_invoices();
create trigger sums_of_truncated after truncate on energy.invoice_line for each statement execute function energy.refuse_truncate('invoice_header');
create trigger sums_of_added after insert on energy.expected_invoice_line referencing new table as added for each statement execute function energy.keep_invoices();
create trigger sums_of_removed after delete on energy.expected_invoice_line referencing old table as removed for each statement execute function energy.keep_invoices();
create trigger sums_of_changed after update on energy.expected_invoice_line referencing old table as removed new table as added for each statement execute function energy.keep_invoices();
create trigger sums_of_truncated after truncate on energy.expected_invoice_line for each statement execute function energy.refuse_truncate('expected_invoice_header');
create trigger sums_of_added after insert on energy.received_invoice_line referencing new table as added for each statement execute function energy.keep_invoices();
create trigger sums_of_removed after delete on energy.received_invoice_line referencing old table as removed for each statement execute function energy.keep_invoices();
create trigger sums_of_changed after update on energy.received_invoice_line referencing old table as removed new table as added for each statement execute function energy.keep_invoices();
create trigger sums_of_truncated after truncate on energy.received_invoice_line for each statement execute function energy.refuse_truncate('received_invoice_header');
create trigger compared_when_added after insert on energy.invoice_comparison referencing new table as added for each statement execute function energy.keep_comparisons();
create trigger compared_when_changed after update on energy.invoice_comparison referencing old table as removed new table as added for each statement execute function energy.keep_comparisons();
create trigger compared_when_added after insert on energy.invoice_comparison_line referencing new table as added for each statement execute function energy.keep_pairs();
create trigger compared_when_removed after delete on energy.invoice_comparison_line referencing old table as removed for each statement execute function energy.keep_pairs();
create trigger compared_when_changed after update on energy.invoice_comparison_line referencing old table as removed new table as added for each statement execute function energy.keep_pairs();
create trigger compared_when_truncated after truncate on energy.invoice_comparison_line for each statement execute function energy.refuse_truncate('invoice_comparison');

revoke execute on function
    energy.matched_lines(bigint[]), energy.match_of(numeric, numeric), energy.sum_invoices(name, name, name, bigint[], bigint[]),
    energy.compare_anew(bigint[], bigint[]), energy.keep_invoices(), energy.keep_comparisons(), energy.keep_pairs(), energy.refuse_truncate()
from public;
grant execute on function energy.matched_lines(bigint[]), energy.match_of(numeric, numeric) to octavo_app, octavo_reader;
grant execute on function
    energy.sum_invoices(name, name, name, bigint[], bigint[]), energy.compare_anew(bigint[], bigint[]),
    energy.keep_invoices(), energy.keep_comparisons(), energy.keep_pairs()
to octavo_app;


-- The sums of the lines as those who ask for them know them.

create or replace view energy.invoice_amount with (security_invoker = true) as
select organization_id, id as invoice_header_id, lines, subtotal, tax, subtotal + tax as total
from energy.invoice_header
where lines > 0;

comment on view energy.invoice_amount is 'What an invoice to a client comes to: the sum of its lines, and the tax of each rate, rounded once a rate. Not of one without lines.';
