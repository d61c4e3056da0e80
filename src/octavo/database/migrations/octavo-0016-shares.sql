-- What goes out to others: passwords on files, and links for people who have no place in the organization.

-- Protection. The password of a file is needed once, by the worker that makes it: until then it is kept sealed, and then forgotten.
alter table octavo.generated_report
    add column protected boolean not null default false,
    add column sealed_password bytea,
    add constraint a_password_is_kept_only_until_the_file_is_made
        check ((sealed_password is not null) = (protected and state in ('pending', 'processing')));
alter table octavo.export_request
    add column protected boolean not null default false,
    add column sealed_password bytea,
    add constraint a_password_is_kept_only_of_what_is_protected check (sealed_password is null or (protected and state in ('pending', 'approved')));

comment on column octavo.generated_report.protected is 'Whether its file takes a password.';
comment on column octavo.generated_report.sealed_password is 'The password, encrypted with a key that the database does not have; gone once the run is over.';
comment on column octavo.export_request.protected is 'Whether its file takes a password; part of what is approved.';
comment on column octavo.export_request.sealed_password is 'The password, encrypted with a key that the database does not have; gone once the file is made, or will not be.';

create function octavo.forget_password() returns trigger
language plpgsql
as $$
begin
    new.sealed_password := null;
    if tg_table_name = 'generated_report' then
        update octavo.export_request as e set sealed_password = null
        where e.organization_id = new.organization_id and e.id = new.export_request_id and e.sealed_password is not null;
    end if;
    return new;
end $$;

comment on function octavo.forget_password() is 'The password of a file is forgotten when nobody needs it any more, whoever ended the run or the request.';

create trigger forget_password before update on octavo.generated_report for each row
    when (old.sealed_password is not null and new.state not in ('pending', 'processing')) execute function octavo.forget_password();
create trigger forget_password before update on octavo.export_request for each row
    when (old.sealed_password is not null and new.state not in ('pending', 'approved')) execute function octavo.forget_password();

create function octavo.hold_protection() returns trigger
language plpgsql
as $$
begin
    if tg_table_name = 'export_request' then
        perform octavo.refuse('Whether an export takes a password does not change once it was asked for; ask for another one');
    elsif new.protected is distinct from (
        select e.protected from octavo.export_request as e where e.organization_id = new.organization_id and e.id = new.export_request_id
    ) then
        perform octavo.refuse('The run is not what was approved; nothing was made');
    end if;
    return new;
end $$;

comment on function octavo.hold_protection() is 'A password that was approved with an export is on its file, whoever writes the run.';

create trigger hold_protection before update on octavo.export_request for each row
    when (old.protected <> new.protected) execute function octavo.hold_protection();
create trigger hold_insert_protection before insert on octavo.generated_report for each row
    when (new.export_request_id is not null) execute function octavo.hold_protection();
create trigger hold_update_protection before update on octavo.generated_report for each row
    when (new.protected <> old.protected) execute function octavo.hold_protection();

revoke execute on function octavo.forget_password(), octavo.hold_protection() from public;

create or replace view octavo.export with (security_invoker = true) as
select
    request.organization_id, request.id, request.dataset::text as dataset, request.format, request.parameters, request.options,
    request.personal, request.masked, request.reason, request.estimated_rows, request.needs_approval, request.most_rows, request.plan,
    request.plan_hash,
    case when request.state = 'approved' and run.state is not null and run.state <> 'pending' then run.state else request.state end as state,
    request.requested_by, request.requested_by_name, request.decided_by, request.decided_by_name, request.decided_at,
    request.decision_reason, request.approval_expires_at, request.created_at,
    run.run_id, run.records, run.file_bytes, run.sha256, run.duration_ms, run.error_kind, run.error_message, run.completed_at, run.expires_at,
    request.fields, request.filters, request.estimated_ms, request.deliver_to, request.subject, request.message, request.protected, request.arrangement
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


-- Links for people who have no place in the organization.

create table octavo.sharing_setting (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    enabled boolean not null default true,
    most_days integer not null default 90 check (most_days between 1 and 366),
    needs_password boolean not null default false,
    primary key (organization_id)
);

comment on table octavo.sharing_setting is 'Whether an organization shares files by links, where it has said; otherwise it does, for 90 days at most.';
comment on column octavo.sharing_setting.enabled is 'Where it is false no link leads anywhere, also none of those that were made before.';
comment on column octavo.sharing_setting.needs_password is 'Whether a link is made with a password only.';

select octavo.isolate('octavo.sharing_setting');

create table octavo.share (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    id bigint generated by default as identity,
    run_id bigint not null,
    token_hash bytea not null check (octet_length(token_hash) = 32),
    password_hash text check (password_hash like '$argon2id$%'),
    note text not null default '' check (length(note) <= 200),
    expires_at timestamptz not null,
    most_downloads integer check (most_downloads > 0),
    downloads integer not null default 0 check (downloads >= 0),
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by_name text not null default '',
    created_by bigint not null,
    created_by_name text not null default '',
    created_at timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, run_id) references octavo.generated_report (organization_id, id) on delete cascade,
    foreign key (organization_id, created_by) references octavo.membership (organization_id, user_id),
    constraint a_token_is_of_one_share unique (organization_id, token_hash),
    constraint a_share_is_used_no_more_than_it_may check (downloads <= most_downloads)
);

comment on table octavo.share is 'A link that lets whoever has it fetch the file of one run, for as long as its maker might. Each use is in the audit list.';
comment on column octavo.share.token_hash is 'SHA-256 of the 256 random bits in the link, which stand nowhere else.';
comment on column octavo.share.note is 'For whom it is, for those who see the list.';
comment on column octavo.share.created_by is 'Whose rights decide at each use whether it still leads anywhere.';

select octavo.isolate('octavo.share');

create index share_run on octavo.share (organization_id, run_id);
create index share_creator on octavo.share (organization_id, created_by);

create function octavo.hold_share() returns trigger
language plpgsql
as $$
begin
    perform octavo.refuse('A link leads to what it led to, for no longer and for no others than when it was made; make another one');
    return null;
end $$;

comment on function octavo.hold_share() is 'A link that was handed out is only used and ended, whoever writes it.';

create trigger hold_share after update on octavo.share for each row
    when (row(new.run_id, new.token_hash, new.password_hash, new.expires_at, new.most_downloads, new.created_by)
          is distinct from row(old.run_id, old.token_hash, old.password_hash, old.expires_at, old.most_downloads, old.created_by)
          or new.downloads < old.downloads or (old.revoked_at is not null and new.revoked_at is null))
    execute function octavo.hold_share();

revoke execute on function octavo.hold_share() from public;
