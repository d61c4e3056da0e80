-- A dataset that is asked for again and again is approved once, as a template: by somebody who neither wrote it nor asks by it.

alter table octavo.report_template
    add column changed_by bigint,
    add column approved_by bigint,
    add column approved_by_name text not null default '',
    add column approved_at timestamptz,
    add column approved_rows bigint check (approved_rows > 0),
    add column approved_version text,
    add foreign key (organization_id, changed_by) references octavo.membership (organization_id, user_id),
    add foreign key (organization_id, approved_by) references octavo.membership (organization_id, user_id),
    add constraint four_eyes check (approved_by <> changed_by),
    add constraint an_approval_is_whole check (approved_at is null or num_nulls(approved_by, approved_rows, approved_version) = 0);

create index report_template_changer on octavo.report_template (organization_id, changed_by);
create index report_template_approver on octavo.report_template (organization_id, approved_by);

comment on column octavo.report_template.changed_by is 'The person who wrote what it says now; null for Octavo itself.';
comment on column octavo.report_template.approved_by is 'The person who lets out what others ask for by it; never the one who wrote it. Null when nobody has, or when it was changed since.';
comment on column octavo.report_template.approved_at is 'When that was; null when it is not approved.';
comment on column octavo.report_template.approved_rows is 'The most rows that one file made by it may have under that approval.';
comment on column octavo.report_template.approved_version is 'The version of the report that was approved.';

create function octavo.hold_to_what_was_approved() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'INSERT'
        or row(new.report, new.parameters, new.default_date_range_days, new.template_config, new.changed_by)
            is distinct from row(old.report, old.parameters, old.default_date_range_days, old.template_config, old.changed_by) then
        new.approved_by := null;
        new.approved_by_name := '';
        new.approved_at := null;
        new.approved_rows := null;
        new.approved_version := null;
    end if;
    return new;
end $$;

comment on function octavo.hold_to_what_was_approved() is 'A template that is new, or says something else than was approved, is not approved.';

create trigger hold_to_what_was_approved before insert or update on octavo.report_template
    for each row execute function octavo.hold_to_what_was_approved();

revoke execute on function octavo.hold_to_what_was_approved() from public;
