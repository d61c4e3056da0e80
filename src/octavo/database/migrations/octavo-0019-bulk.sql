-- Several values of a report's parameters asked for at once: a run for each, which share a group, or one run that makes one file of them all.

alter table octavo.generated_report
    add column each jsonb not null default '{}' check (jsonb_typeof(each) = 'object'),
    add column made_as text not null default 'runs' check (made_as in ('runs', 'merged', 'zip')),
    add column group_id bigint,
    add constraint one_file_of_several_has_several check (made_as = 'runs' or (each <> '{}' and group_id is null)),
    add constraint a_group_says_of_what check (group_id is null or each <> '{}'),
    add constraint an_export_is_of_one check (export_request_id is null or each = '{}'),
    add constraint a_comparison_is_of_one_question check (compare is null or made_as = 'runs');

create index generated_report_group on octavo.generated_report (organization_id, group_id, id) where group_id is not null;

comment on column octavo.generated_report.each is 'By parameter, the values that were asked for at once. In a run of a group it is what the whole group asks, whose rows count together for approval.';
comment on column octavo.generated_report.made_as is 'What is made of several values: a run for each, or one file, merged or a zip.';
comment on column octavo.generated_report.group_id is 'The same random number in all runs that were asked for at once; null where it was one.';
