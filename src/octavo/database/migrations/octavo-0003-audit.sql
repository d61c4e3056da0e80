-- What remains: one list of what happened for each organization, which is only added to, each entry sealed with the one before.

create table octavo.audit_entry (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    number bigint not null,
    at timestamptz not null,
    user_id bigint,
    key_id bigint,
    actor text not null,
    address text,
    request_id text,
    action text not null,
    subject text not null,
    subject_id bigint,
    detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
    hash bytea not null check (octet_length(hash) = 32),
    primary key (organization_id, number)
);

create index audit_entry_subject on octavo.audit_entry (organization_id, subject, subject_id, number);
create index audit_entry_at on octavo.audit_entry (organization_id, at);

comment on table octavo.audit_entry is
    'Who did what, when, from where. Numbered from 1 without a gap in each organization; written by octavo.record_event alone, and never changed.';
comment on column octavo.audit_entry.at is 'The database''s clock at the moment of writing, not the begin of the transaction, so that times follow the numbers.';
comment on column octavo.audit_entry.user_id is 'The person behind it; null for Octavo itself and for who runs the server.';
comment on column octavo.audit_entry.key_id is 'The API key that was used, if one was.';
comment on column octavo.audit_entry.detail is 'Names, ids, parameters and counts; never values of data, never secrets.';
comment on column octavo.audit_entry.hash is 'SHA-256 of the hash before (of 32 zero bytes for number 1) and octavo.audit_text of this entry.';

create table octavo.audit_head (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    number bigint not null,
    hash bytea not null check (octet_length(hash) = 32),
    primary key (organization_id)
) with (fillfactor = 20);

comment on table octavo.audit_head is 'The last entry of each organization''s list. Whoever adds an entry holds its lock until the commit, so that there are no gaps.';

select octavo.isolate('octavo.audit_entry'), octavo.isolate('octavo.audit_head');

-- The application reads; adding is the function's, which acts as the owner, in the tenant of the transaction and no other.
drop policy tenant_insert on octavo.audit_entry;
drop policy tenant_update on octavo.audit_entry;
drop policy tenant_delete on octavo.audit_entry;
drop policy tenant_insert on octavo.audit_head;
drop policy tenant_update on octavo.audit_head;
drop policy tenant_delete on octavo.audit_head;
revoke insert, update, delete on octavo.audit_entry, octavo.audit_head from octavo_app;

create policy owner_insert on octavo.audit_entry for insert to octavo_owner
    with check (organization_id = nullif(current_setting('octavo.organization_id', true), '')::bigint);
create policy owner_select on octavo.audit_head for select to octavo_owner
    using (organization_id = nullif(current_setting('octavo.organization_id', true), '')::bigint);
create policy owner_insert on octavo.audit_head for insert to octavo_owner
    with check (organization_id = nullif(current_setting('octavo.organization_id', true), '')::bigint);
create policy owner_update on octavo.audit_head for update to octavo_owner
    using (organization_id = nullif(current_setting('octavo.organization_id', true), '')::bigint)
    with check (organization_id = nullif(current_setting('octavo.organization_id', true), '')::bigint);

create function octavo.refuse_change() returns trigger
language plpgsql
as $$ begin raise exception using errcode = 'OC001', message = 'The audit list is only added to; nothing in it is changed or removed'; end $$;

create trigger only_added_to before update or delete or truncate on octavo.audit_entry for each statement execute function octavo.refuse_change();
create trigger only_moved_on before delete or truncate on octavo.audit_head for each statement execute function octavo.refuse_change();
create trigger only_by_one before update on octavo.audit_head for each row
    when (new.organization_id <> old.organization_id or new.number <> old.number + 1) execute function octavo.refuse_change();

create function octavo.audit_text(entry octavo.audit_entry) returns text
language sql stable
return jsonb_build_array(
    entry.organization_id, entry.number, to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), entry.user_id, entry.key_id, entry.actor,
    entry.address, entry.request_id, entry.action, entry.subject, entry.subject_id, entry.detail
)::text;

comment on function octavo.audit_text(octavo.audit_entry) is
    'What of an entry is sealed, in one spelling whatever the settings of who asks: a JSON array of every column but the hash.';

create function octavo.record_event(
    acting_user bigint, acting_key bigint, actor text, address text, request_id text, action text, subject text, subject_id bigint, detail jsonb
) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
    tenant constant bigint := octavo.current_organization();
    head octavo.audit_head;
    entry octavo.audit_entry;
begin
    select * into head from octavo.audit_head h where h.organization_id = tenant for update;
    if not found then
        if tenant is null then
            raise exception using errcode = 'OC001', message = 'What happened belongs to an organization, and the transaction names none';
        end if;
        insert into octavo.audit_head (organization_id, number, hash) values (tenant, 0, decode(repeat('00', 32), 'hex')) on conflict do nothing;
        select * into strict head from octavo.audit_head h where h.organization_id = tenant for update;
    end if;
    entry := row(
        tenant, head.number + 1, clock_timestamp(), acting_user, acting_key, actor, address, request_id, action, subject, subject_id, coalesce(detail, '{}'), null
    );
    entry.hash := sha256(head.hash || convert_to(octavo.audit_text(entry), 'UTF8'));
    insert into octavo.audit_entry values (entry.*);
    update octavo.audit_head h set number = entry.number, hash = entry.hash where h.organization_id = tenant;
    return entry.number;
end $$;

comment on function octavo.record_event(bigint, bigint, text, text, text, text, text, bigint, jsonb) is
    'Adds an entry to the list of the transaction''s organization and answers its number. Others of that organization wait until the commit.';

revoke execute on function octavo.record_event(bigint, bigint, text, text, text, text, text, bigint, jsonb) from public;
grant execute on function octavo.record_event(bigint, bigint, text, text, text, text, text, bigint, jsonb) to octavo_app;

create function octavo.verify_audit(organization bigint) returns table (number bigint, problem text)
language sql stable
as $$
    with chain as (
        select e.number, e.hash, octavo.audit_text(e) as sealed, lag(e.number, 1, 0::bigint) over in_order as number_before,
               lag(e.hash, 1, decode(repeat('00', 32), 'hex')) over in_order as hash_before
        from octavo.audit_entry e where e.organization_id = organization window in_order as (order by e.number)
    ),
    last as (
        select e.number, e.hash from octavo.audit_entry e where e.organization_id = organization order by e.number desc limit 1
    )
    select c.number_before + 1,
           case when c.number - c.number_before = 2 then 'the entry is gone'
                else format('the entries %s to %s are gone', c.number_before + 1, c.number - 1) end
    from chain c where c.number <> c.number_before + 1
    union all
    select c.number, 'the entry, or its place, was changed'
    from chain c where c.number = c.number_before + 1 and c.hash <> sha256(c.hash_before || convert_to(c.sealed, 'UTF8'))
    union all
    select coalesce(l.number, 0) + 1, format('the entries end at %s, but %s were written', coalesce(l.number, 0), coalesce(h.number, 0))
    from (select) as one left join last l on true left join octavo.audit_head h on h.organization_id = organization
    where coalesce(h.number, 0) <> coalesce(l.number, 0)
    union all
    select l.number, 'the entry is not the one that was written last'
    from last l join octavo.audit_head h on h.organization_id = organization where h.number = l.number and h.hash <> l.hash
    order by 1;
$$;

comment on function octavo.verify_audit(bigint) is
    'Every place where the list of an organization is not what was written; none is well. What was cut off together with its head only an anchor kept outside shows.';

revoke execute on function octavo.verify_audit(bigint) from public;
grant execute on function octavo.verify_audit(bigint) to octavo_app;
