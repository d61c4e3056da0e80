-- Limits: how much an organization may ask for in a minute, and how many rows one file may hold.

alter table octavo.organization
    add column requests_per_minute integer check (requests_per_minute > 0),
    add column most_rows bigint check (most_rows > 0);

comment on column octavo.organization.requests_per_minute is 'How many requests it may make in any minute; null: what the settings of the server say.';
comment on column octavo.organization.most_rows is 'How many rows one of its files may hold; null: what the settings of the server say.';

-- Not logged: after a crash of the server everybody begins anew, and until then counting waits for no disk.
create unlogged table octavo.request_count (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    second bigint not null,
    counts integer[] not null check (array_length(counts, 1) = 61),
    primary key (organization_id)
) with (fillfactor = 50);

comment on table octavo.request_count is 'The requests of the last minute by second, for each organization: what all servers together have let in.';
comment on column octavo.request_count.second is 'The second, since 1970, in which was counted last.';
comment on column octavo.request_count.counts is 'The requests of each second, at its remainder by 61: the second that began a minute ago still counts, so that no minute holds more than is allowed.';

select octavo.isolate('octavo.request_count');

create function octavo.count_request(usual integer) returns integer
language plpgsql volatile
as $$
declare
    tenant constant bigint := octavo.current_organization();
    allowed integer;
    stands octavo.request_count;
    at bigint;
    used bigint;
begin
    select coalesce(o.requests_per_minute, usual) into allowed from octavo.organization o where o.id = tenant;
    select * into stands from octavo.request_count c where c.organization_id = tenant for update;
    if not found then
        insert into octavo.request_count (organization_id, second, counts) values (tenant, 0, array_fill(0, array[61])) on conflict do nothing;
        select * into strict stands from octavo.request_count c where c.organization_id = tenant for update;
    end if;
    at := greatest(stands.second, floor(extract(epoch from clock_timestamp()))::bigint);
    if at - stands.second > 60 then
        stands.counts := array_fill(0, array[61]);
    else
        for passed in stands.second + 1 .. at loop
            stands.counts[passed % 61 + 1] := 0;
        end loop;
    end if;
    select sum(count) into used from unnest(stands.counts) as count;
    if used >= allowed then
        for oldest in at - 60 .. at loop
            used := used - stands.counts[oldest % 61 + 1];
            if used < allowed then
                return oldest + 61 - at;
            end if;
        end loop;
    end if;
    stands.counts[at % 61 + 1] := stands.counts[at % 61 + 1] + 1;
    update octavo.request_count c set second = at, counts = stands.counts where c.organization_id = tenant;
    return 0;
end $$;

comment on function octavo.count_request(integer) is
    'Counts a request of the transaction''s organization. Answers 0 when it may be made; otherwise it is not counted, and the seconds to wait are answered. '
    'The argument is what is allowed in a minute where the organization has nothing of its own. Others of the organization wait until the commit.';

revoke execute on function octavo.count_request(integer) from public;
grant execute on function octavo.count_request(integer) to octavo_app;


-- The first answer to a request that was sent with an Idempotency-Key, so that the same one is answered again without doing anything.
create table octavo.kept_answer (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    user_id bigint not null,
    key text not null check (key ~ '^[!-~]{1,255}$'),
    request_hash bytea not null check (octet_length(request_hash) = 32),
    status integer not null check (status < 400),
    location text,
    media_type text,
    body bytea not null,
    kept_at timestamptz not null default now(),
    primary key (organization_id, user_id, key),
    foreign key (organization_id, user_id) references octavo.membership (organization_id, user_id)
);

create index kept_answer_age on octavo.kept_answer (organization_id, kept_at);

comment on table octavo.kept_answer is 'What was answered to a request with an Idempotency-Key: written by the transaction that did what was asked, so that there is both or nothing. Kept for a day.';
comment on column octavo.kept_answer.request_hash is 'SHA-256 of method, address and body: what else comes under the same key is refused.';

select octavo.isolate('octavo.kept_answer');

create function octavo.forget_answers() returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
    named constant text := coalesce(current_setting('octavo.organization_id', true), '');
    candidate bigint;
    gone bigint;
    forgotten bigint := 0;
begin
    for candidate in select id from octavo.organization order by id loop
        perform set_config('octavo.organization_id', candidate::text, true);
        delete from octavo.kept_answer where organization_id = candidate and kept_at < now() - interval '24 hours';
        get diagnostics gone = row_count;
        forgotten := forgotten + gone;
    end loop;
    perform set_config('octavo.organization_id', named, true);
    return forgotten;
end $$;

comment on function octavo.forget_answers() is
    'Throws away the kept answers that are a day old, in one organization after the other with the rights of the application; answers how many there were.';

revoke execute on function octavo.forget_answers() from public;
grant execute on function octavo.forget_answers() to octavo_app;


-- How a run's document shows the organization, where its template says it otherwise than the organization does.
alter table octavo.generated_report add column branding jsonb not null default '{}' check (jsonb_typeof(branding) = 'object');
comment on column octavo.generated_report.branding is 'What takes the place of the organization''s branding, part by part; as its template said when the run was asked for.';


-- Of a dataset: which columns in which order, and which rows. A run of an export has those that were approved.
alter table octavo.generated_report
    add column fields text[] not null default '{}',
    add column filters jsonb not null default '[]' check (jsonb_typeof(filters) = 'array'),
    add column arrangement jsonb not null default '{}' check (jsonb_typeof(arrangement) = 'object');
alter table octavo.export_request
    add column fields text[] not null default '{}',
    add column filters jsonb not null default '[]' check (jsonb_typeof(filters) = 'array'),
    add column arrangement jsonb not null default '{}' check (jsonb_typeof(arrangement) = 'object'),
    add column estimated_ms bigint;

comment on column octavo.report_template.template_config is 'sections: which of them, all when there are none named; options: of the format; fields, filters and arrangement: of a dataset.';
comment on column octavo.generated_report.fields is 'Of a dataset: its columns, in order; all of them when there are none.';
comment on column octavo.generated_report.filters is 'Of a dataset: the conditions {field, op, value} that every row fulfils.';
comment on column octavo.generated_report.arrangement is 'Of a dataset: what its rows are sorted and grouped by, and which columns are summed; as the dataset says it where this does not.';
comment on column octavo.export_request.estimated_ms is 'How long making the file may take, as it was thought when it was asked for.';

create or replace view octavo.export with (security_invoker = true) as
select
    request.organization_id, request.id, request.dataset::text as dataset, request.format, request.parameters, request.options,
    request.personal, request.masked, request.reason, request.estimated_rows, request.needs_approval, request.most_rows, request.plan,
    request.plan_hash,
    case when request.state = 'approved' and run.state is not null and run.state <> 'pending' then run.state else request.state end as state,
    request.requested_by, request.requested_by_name, request.decided_by, request.decided_by_name, request.decided_at,
    request.decision_reason, request.approval_expires_at, request.created_at,
    run.id as run_id, run.records, run.file_bytes, run.sha256, run.duration_ms, run.error_kind, run.error_message, run.completed_at, run.expires_at,
    request.fields, request.filters, request.estimated_ms
from octavo.export_request as request
left join lateral (
    select r.* from octavo.generated_report as r
    where r.organization_id = request.organization_id and r.export_request_id = request.id
    order by r.id desc limit 1
) as run on true;

create or replace function octavo.hold_to_approval() returns trigger
language plpgsql
as $$
declare
    asked octavo.export_request;
begin
    select * into asked from octavo.export_request as e where e.organization_id = new.organization_id and e.id = new.export_request_id;
    if asked.state is distinct from 'approved' then
        perform octavo.refuse('The export is not approved; nothing was made');
    elsif new.state = 'pending' and asked.approval_expires_at <= now() then
        perform octavo.refuse('The approval of this export has expired; ask for the export again');
    elsif new.report <> asked.dataset or new.format <> asked.format or new.parameters <> asked.parameters or new.fields <> asked.fields
        or new.filters <> asked.filters or new.arrangement <> asked.arrangement or new.options <> asked.options or (asked.masked and not new.masked) then
        perform octavo.refuse('The run is not what was approved; nothing was made');
    elsif new.records > asked.most_rows then
        perform octavo.refuse('The export has more rows than were approved; ask for it again');
    end if;
    return new;
end $$;
