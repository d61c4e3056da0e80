-- Organizations, the tenant of a transaction, and the one way in which a table is made to keep organizations apart.

create function octavo.current_organization() returns bigint
language sql stable parallel safe
return nullif(current_setting('octavo.organization_id', true), '')::bigint;

comment on function octavo.current_organization() is
    'The organization that the transaction works for, or null. The default of organization_id; policies say the same inline, so that an index can serve them.';

create function octavo.refuse(reason text) returns text
language plpgsql stable
as $$ begin raise exception using errcode = 'OC001', message = reason; end $$;

comment on function octavo.refuse(text) is 'Stops the query with a reason that is told to the person (SQLSTATE OC001).';

create function octavo.isolate(relation regclass) returns void
language plpgsql
as $$
declare
    same_tenant constant text := 'organization_id = nullif(current_setting(''octavo.organization_id'', true), '''')::bigint';
begin
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
    execute format('create policy tenant_select on %s for select to octavo_app, octavo_reader using (%s)', relation, same_tenant);
    execute format('create policy tenant_insert on %s for insert to octavo_app with check (%s)', relation, same_tenant);
    execute format('create policy tenant_update on %s for update to octavo_app using (%s) with check (%s)', relation, same_tenant, same_tenant);
    execute format('create policy tenant_delete on %s for delete to octavo_app using (%s)', relation, same_tenant);
    execute format('grant select, insert, update, delete on %s to octavo_app', relation);
end $$;

comment on function octavo.isolate(regclass) is
    'Forces row-level security on a table with organization_id: a policy for each command, none of them for octavo_owner. The reader is granted SELECT by the pack.';

revoke execute on function octavo.isolate(regclass) from public;

create function octavo.gather_statistics(pack_schema name) returns void
language plpgsql security definer set search_path = ''
as $$
declare
    relation regclass;
begin
    for relation in
        select c.oid from pg_class c
        where c.relnamespace = (select oid from pg_namespace where nspname = pack_schema) and c.relkind in ('r', 'p')
          and c.relowner = (select oid from pg_roles where rolname = current_user)
    loop
        execute format('analyze %s', relation);
    end loop;
end $$;

comment on function octavo.gather_statistics(name) is
    'ANALYZE for the tables of a pack after much was loaded, which only their owner may: without it the planner knows nothing of them for minutes.';

revoke execute on function octavo.gather_statistics(name) from public;
grant execute on function octavo.gather_statistics(name) to octavo_app;

create table octavo.organization (
    id bigint generated always as identity primary key,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text not null check (name <> ''),
    external_id text unique,
    locale text not null default 'en_GB',
    time_zone text not null default 'UTC',
    currency text not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
    branding jsonb not null default '{}' check (jsonb_typeof(branding) = 'object'),
    created_at timestamptz not null default now()
);

comment on table octavo.organization is 'The tenant: everything belongs to exactly one.';

alter table octavo.organization enable row level security;
alter table octavo.organization force row level security;
create policy app_all on octavo.organization for all to octavo_app using (true) with check (true);
create policy own_select on octavo.organization for select to octavo_reader
    using (id = nullif(current_setting('octavo.organization_id', true), '')::bigint);
grant select, insert, update, delete on octavo.organization to octavo_app;
grant select on octavo.organization to octavo_reader;

create table octavo.sample_data (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    pack text not null,
    loaded_at timestamptz not null default now(),
    primary key (organization_id, pack)
);

comment on table octavo.sample_data is 'Which packs'' sample data an organization was given by octavo demo, so that it is given once.';

select octavo.isolate('octavo.sample_data');
