-- The runs of one report, the latest first: a history that is filtered by report reads those, and not all that the organization ever asked for.

create index generated_report_of_report on octavo.generated_report (organization_id, report, created_at desc, id desc);
