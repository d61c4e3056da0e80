-- Retention: how long files are kept, where they go then, and what may not go at all.

alter table octavo.generated_report
    add column archived_at timestamptz,
    add column file_gone_at timestamptz,
    add column hold_reason text check (hold_reason <> ''),
    add column held_by_name text not null default '',
    add column held_at timestamptz,
    add constraint what_is_held_says_why check (legal_hold = (hold_reason is not null)),
    add constraint what_is_archived_has_its_file check (archived_at is null or (state = 'expired' and file_key is not null)),
    add constraint what_is_gone_has_none check (file_gone_at is null or (state = 'expired' and file_key is null));

comment on column octavo.generated_report.expires_at is 'When its file goes: from its place while it is completed, from the archive once it is there. By the database''s clock, set when it is completed.';
comment on column octavo.generated_report.archived_at is 'Since when its file lies in the archive. An expired run without it has its file taken away, at the latest by the next round.';
comment on column octavo.generated_report.file_gone_at is 'Since when its file is gone for good; the row follows some days later.';
comment on column octavo.generated_report.legal_hold is 'On hold it neither expires nor is it archived away or deleted, whoever tries.';

drop index octavo.generated_report_expiring;
create index generated_report_expiring on octavo.generated_report (organization_id, expires_at) where state = 'completed' or archived_at is not null;
create index generated_report_going on octavo.generated_report (organization_id, id) where state = 'expired' and archived_at is null and file_key is not null;
create index generated_report_over on octavo.generated_report (organization_id, coalesce(file_gone_at, completed_at)) where file_gone_at is not null or state in ('failed', 'cancelled');


create table octavo.retention (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    export_days integer not null check (export_days between 1 and 36600),
    report_days integer not null check (report_days between 1 and 36600),
    archive_exports boolean not null,
    archive_reports boolean not null,
    archive_years integer not null check (archive_years between 1 and 100),
    row_days integer not null check (row_days between 1 and 36600),
    legal_hold boolean not null default false,
    hold_reason text check (hold_reason <> ''),
    held_by_name text not null default '',
    held_at timestamptz,
    primary key (organization_id),
    constraint a_hold_says_why check (legal_hold = (hold_reason is not null))
);

comment on table octavo.retention is 'What an organization has said about keeping, where it has; what holds otherwise stands in the view octavo.kept.';
comment on column octavo.retention.legal_hold is 'Everything of the organization is on hold.';

select octavo.isolate('octavo.retention');

create view octavo.kept with (security_invoker = true) as
select
    octavo.current_organization() as organization_id,
    coalesce(said.export_days, 7) as export_days,
    coalesce(said.report_days, 90) as report_days,
    coalesce(said.archive_exports, false) as archive_exports,
    coalesce(said.archive_reports, false) as archive_reports,
    coalesce(said.archive_years, 7) as archive_years,
    coalesce(said.row_days, 7) as row_days,
    coalesce(said.legal_hold, false) as legal_hold,
    said.hold_reason,
    coalesce(said.held_by_name, '') as held_by_name,
    said.held_at
from (select) as one
left join octavo.retention as said on said.organization_id = octavo.current_organization();

comment on view octavo.kept is 'How long the transaction''s organization keeps what: as it has said, or else 7 days for exports, 90 for reports, no archive, rows 7 days after their file.';
grant select on octavo.kept to octavo_app;

create function octavo.file_expires(source text, completed_at timestamptz) returns timestamptz
language sql stable
as $$
    select completed_at + make_interval(days => case when source = 'export' then kept.export_days else kept.report_days end) from octavo.kept as kept
$$;

comment on function octavo.file_expires(text, timestamptz) is 'When the file of a run that was completed then leaves its place.';

create function octavo.begin_to_expire() returns trigger
language plpgsql
as $$
begin
    new.expires_at := octavo.file_expires(new.source, clock_timestamp());
    return new;
end $$;

create trigger begin_to_expire before update on octavo.generated_report for each row
    when (new.state = 'completed' and old.state <> 'completed') execute function octavo.begin_to_expire();


-- Legal hold: the last word is the database's. Who sets a hold and who lets something go take turns, so that neither misses the other.

create function octavo.keep_what_is_held() returns trigger
language plpgsql
as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('octavo legal hold', old.organization_id));
    if old.legal_hold or exists (select from octavo.retention as r where r.organization_id = old.organization_id and r.legal_hold) then
        perform octavo.refuse(format('The run %s is on legal hold: it neither expires nor is deleted before an administrator releases it', old.id));
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;

create trigger keep_from_delete before delete on octavo.generated_report for each row execute function octavo.keep_what_is_held();
create trigger keep_from_update before update on octavo.generated_report for each row
    when ((old.state = 'completed' or old.archived_at is not null) and row(old.state, old.archived_at, old.file_key, old.sha256, old.records, old.manifest) is distinct from
          row(new.state, new.archived_at, new.file_key, new.sha256, new.records, new.manifest))
    execute function octavo.keep_what_is_held();

create function octavo.take_turns_with_hold() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'DELETE' then
        if old.legal_hold then
            perform octavo.refuse('The organization is on legal hold; release it first');
        end if;
        return old;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('octavo legal hold', new.organization_id));
    return new;
end $$;

create trigger take_turns_with_hold before insert or update or delete on octavo.retention for each row execute function octavo.take_turns_with_hold();


-- What remains of a run whose row has gone: figures for statistics and the outcome of exports; no parameters, no people, no seal.

create table octavo.past_run (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    id bigint not null,
    report text not null check (report <> ''),
    format text not null check (format <> ''),
    source text not null check (source in ('on_demand', 'scheduled', 'export')),
    export_request_id bigint,
    state text not null check (state in ('failed', 'cancelled', 'expired')),
    records bigint,
    file_bytes bigint,
    sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
    duration_ms bigint,
    error_kind text,
    created_at timestamptz not null,
    completed_at timestamptz,
    expires_at timestamptz,
    primary key (organization_id, id),
    foreign key (organization_id, export_request_id) references octavo.export_request (organization_id, id)
);

comment on table octavo.past_run is 'The figures of a run whose row was deleted some days after its file.';
comment on column octavo.past_run.expires_at is 'When its file went.';

select octavo.isolate('octavo.past_run');

create index past_run_latest on octavo.past_run (organization_id, created_at desc);
create index past_run_export on octavo.past_run (organization_id, export_request_id, id desc) where export_request_id is not null;

create view octavo.run_figure with (security_invoker = true) as
select organization_id, id, report, format, source, export_request_id, state, records, file_bytes, duration_ms, created_at from octavo.generated_report
union all
select organization_id, id, report, format, source, export_request_id, state, records, file_bytes, duration_ms, created_at from octavo.past_run;

comment on view octavo.run_figure is 'The figures of every run there ever was: what statistics count.';
grant select on octavo.run_figure to octavo_app;

create or replace view octavo.export with (security_invoker = true) as
select
    request.organization_id, request.id, request.dataset::text as dataset, request.format, request.parameters, request.options,
    request.personal, request.masked, request.reason, request.estimated_rows, request.needs_approval, request.most_rows, request.plan,
    request.plan_hash,
    case when request.state = 'approved' and run.state is not null and run.state <> 'pending' then run.state else request.state end as state,
    request.requested_by, request.requested_by_name, request.decided_by, request.decided_by_name, request.decided_at,
    request.decision_reason, request.approval_expires_at, request.created_at,
    run.run_id, run.records, run.file_bytes, run.sha256, run.duration_ms, run.error_kind, run.error_message, run.completed_at, run.expires_at,
    request.fields, request.filters, request.estimated_ms
from octavo.export_request as request
left join lateral (
    select r.id, r.id as run_id, r.state, r.records, r.file_bytes, r.sha256, r.duration_ms, r.error_kind, r.error_message, r.completed_at, r.expires_at
    from octavo.generated_report as r
    where r.organization_id = request.organization_id and r.export_request_id = request.id
    union all
    select p.id, null, p.state, p.records, p.file_bytes, p.sha256, p.duration_ms, p.error_kind, null, p.completed_at, p.expires_at
    from octavo.past_run as p
    where p.organization_id = request.organization_id and p.export_request_id = request.id
    order by id desc limit 1
) as run on true;

create function octavo.get_report_statistics(organization bigint, days integer default 30)
returns table (
    total_reports bigint, completed_reports bigint, failed_reports bigint, pending_reports bigint,
    total_records_exported bigint, avg_processing_time_ms bigint
)
language sql stable
as $$
    select
        count(*),
        count(*) filter (where r.state in ('completed', 'expired')),
        count(*) filter (where r.state = 'failed'),
        count(*) filter (where r.state in ('pending', 'processing')),
        coalesce(sum(r.records), 0)::bigint,
        round(avg(r.duration_ms))::bigint
    from octavo.run_figure as r
    where r.organization_id = organization and r.source <> 'export' and r.created_at >= now() - make_interval(days => days)
$$;

comment on function octavo.get_report_statistics(bigint, integer) is 'Runs of the last so many days that are no exports, by what became of them.';

revoke execute on function octavo.get_report_statistics(bigint, integer), octavo.file_expires(text, timestamptz), octavo.begin_to_expire(), octavo.keep_what_is_held(), octavo.take_turns_with_hold()
    from public;
grant execute on function octavo.get_report_statistics(bigint, integer), octavo.file_expires(text, timestamptz) to octavo_app;
