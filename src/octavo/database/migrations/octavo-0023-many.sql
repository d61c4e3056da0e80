-- Where there is much of everything, pages read what they show and not the rest: what is under way or has just ended, what went to one recipient;
-- and statistics read the index alone, since the rows of runs are long.

drop index octavo.generated_report_latest;
create index generated_report_latest on octavo.generated_report (organization_id, created_at desc, id desc)
    include (report, format, source, state, records, file_bytes, duration_ms);
create index generated_report_ended on octavo.generated_report (organization_id, completed_at desc) where completed_at is not null;
create index delivery_recipient on octavo.delivery (organization_id, channel, recipient, created_at desc, id desc);

create function octavo.file_expires(source text, completed_at timestamptz, kept octavo.kept) returns timestamptz
language sql stable
as $$
    select completed_at + make_interval(days => case when source = 'export' then kept.export_days else kept.report_days end)
$$;

comment on function octavo.file_expires(text, timestamptz, octavo.kept) is
    'When the file of a run that was completed then leaves its place, by what the organization keeps: for statements over many runs, which read that once.';

create or replace function octavo.file_expires(source text, completed_at timestamptz) returns timestamptz
language sql stable
as $$
    select octavo.file_expires(source, completed_at, kept) from octavo.kept as kept
$$;

revoke execute on function octavo.file_expires(text, timestamptz, octavo.kept) from public;
grant execute on function octavo.file_expires(text, timestamptz, octavo.kept) to octavo_app;
