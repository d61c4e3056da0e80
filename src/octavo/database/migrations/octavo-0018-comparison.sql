-- A report may be asked for beside an earlier period.

alter table octavo.generated_report add column compare text check (compare in ('previous_period', 'same_period_last_year'));

comment on column octavo.generated_report.compare is 'With what its figures are compared; null where with nothing. Which days those are stands in the manifest.';
comment on column octavo.report_template.template_config is
    'sections: which of them, all when there are none named; options: of the format; compare: with what its figures are compared; fields, filters and arrangement: of a dataset.';

-- An export is rows, and is compared with nothing: a run of one that would be is not what was approved.
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
        or new.filters <> asked.filters or new.arrangement <> asked.arrangement or new.options <> asked.options or new.compare is not null
        or (asked.masked and not new.masked) then
        perform octavo.refuse('The run is not what was approved; nothing was made');
    elsif new.deliver_to <> asked.deliver_to then
        perform octavo.refuse('The run would go to others than was approved; nothing was made');
    elsif new.records > asked.most_rows then
        perform octavo.refuse('The export has more rows than were approved; ask for it again');
    end if;
    return new;
end $$;
