-- What the database itself refuses of people: an organization without an administrator; and ids that would tell how long a person has been here.

create function octavo.keep_an_administrator() returns trigger
language plpgsql
as $$
begin
    -- Whoever takes an administrator away waits for whoever else does so in this organization, and then sees what is left.
    perform from octavo.organization o where o.id = old.organization_id for no key update;
    if not exists (
        select from octavo.membership m
        where m.organization_id = old.organization_id and m.user_id <> old.user_id and m.role = 'admin' and m.active
    ) then
        perform octavo.refuse('That would leave the organization without an administrator, so nothing was changed; make somebody else one first');
    end if;
    return null;
end $$;

comment on function octavo.keep_an_administrator() is
    'No organization that has an active administrator is left without one, unless the host application, whose word roles are, takes the role away.';

create trigger keep_an_administrator after update on octavo.membership for each row
    when (old.role = 'admin' and old.active and not (new.role = 'admin' and new.active)
          and not (new.active and new.role_token_at is not null and new.role_token_at is distinct from old.role_token_at))
    execute function octavo.keep_an_administrator();
create trigger keep_an_administrator_there after delete on octavo.membership for each row
    when (old.role = 'admin' and old.active) execute function octavo.keep_an_administrator();

revoke execute on function octavo.keep_an_administrator() from public;

-- People are shared by all organizations. A number that counts up would tell an organization which of those it lets in were known before.
create function octavo.random_id() returns bigint
language sql volatile
return ('x' || translate(substr(gen_random_uuid()::text, 1, 8) || substr(gen_random_uuid()::text, 32, 5), '-', ''))::bit(52)::bigint + 1;

comment on function octavo.random_id() is 'A number that says nothing of when it was made: 52 random bits, so that JSON readers keep it exactly.';

revoke execute on function octavo.random_id() from public;
grant execute on function octavo.random_id() to octavo_app;

alter table octavo.app_user alter column id drop identity, alter column id set default octavo.random_id();
comment on column octavo.app_user.id is 'Random: it tells an organization nothing of whether the person was known here before.';

-- What was asked for and what was let out does not change under who decides: the four eyes look at one thing.
create function octavo.hold_request() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'pending' then
            perform octavo.refuse('An export begins as a request that nobody has decided on');
        elsif not new.needs_approval and octavo.check_export_requires_approval(new.dataset, new.estimated_rows, null, new.personal) then
            perform octavo.refuse('So many rows need approval; nothing was asked for');
        end if;
    elsif row(new.id, new.requested_by) is distinct from row(old.id, old.requested_by) then
        perform octavo.refuse('Who asked for an export does not change');
    elsif old.needs_approval and not new.needs_approval then
        perform octavo.refuse('An export that needs approval goes on needing it');
    elsif old.state in ('rejected', 'cancelled') and new.state <> old.state then
        perform octavo.refuse('An export that was rejected or taken back stays so; ask for it again');
    elsif row(new.dataset, new.format, new.parameters, new.fields, new.filters, new.arrangement, new.options, new.personal, new.masked)
            is distinct from row(old.dataset, old.format, old.parameters, old.fields, old.filters, old.arrangement, old.options, old.personal, old.masked) then
        perform octavo.refuse('What an export holds does not change once it was asked for; ask for another one');
    elsif new.state = 'approved' and row(new.plan, new.plan_hash, new.estimated_rows) is distinct from row(old.plan, old.plan_hash, old.estimated_rows) then
        perform octavo.refuse('What is approved is what was looked at; nothing was changed');
    elsif new.state = 'approved' and old.state = 'approved' and row(new.most_rows, new.decided_by) is distinct from row(old.most_rows, old.decided_by) then
        perform octavo.refuse('An approval does not change; have the export approved again');
    elsif new.state = 'approved' and new.needs_approval and new.most_rows > new.estimated_rows * 11 / 10 then
        perform octavo.refuse('An approval covers a tenth more rows than were estimated, and no more');
    end if;
    return new;
end $$;

comment on function octavo.hold_request() is
    'An export request goes only the ways that it may, whoever writes it: it is asked for undecided, what it holds and who asked stay, an approval is of the plan that stood there.';

create trigger hold_request before insert or update on octavo.export_request for each row execute function octavo.hold_request();

revoke execute on function octavo.hold_request() from public;

comment on column octavo.export_request.decision_reason is 'Why it was rejected, or why it has to be approved again.';
