-- The calendar: when a rule such as "the last business day of each month at 06:00 in Berlin" comes due. docs/schedules.md says it for people.
-- Days first, by plain arithmetic of dates; then the organization's business days; and last, once, from a wall time to an instant.

create domain octavo.report_frequency as text;

comment on domain octavo.report_frequency is 'daily, weekly, monthly, quarterly, annual, on_demand; octavo.check_rule refuses what is none of them, in words.';

create type octavo.schedule_rule as (
    frequency octavo.report_frequency, every integer, days_of_week integer[],
    day_of_month integer, weekday_of_month integer, business_day_of_month integer, month integer,
    time_of_day time, time_zone text, starts_on date, ends_on date, when_closed text
);

comment on type octavo.schedule_rule is
    'When something recurs, as columns: a table that has columns of these names and types carries a rule. Null is whatever a comment below says, or that it is not asked for.';
comment on column octavo.schedule_rule.every is 'Each so-many-th day, week, month, quarter or year, counted from the one that starts_on lies in; null is 1.';
comment on column octavo.schedule_rule.days_of_week is 'For weekly: 0 is Sunday, 6 Saturday; weeks begin on Monday. With weekday_of_month: the one weekday that is meant.';
comment on column octavo.schedule_rule.day_of_month is '1 to 31, in a shorter month its last day; -1 is always the last.';
comment on column octavo.schedule_rule.weekday_of_month is '1 to 5, or -1 for the last: which of the days named by days_of_week. A month without a fifth is passed over.';
comment on column octavo.schedule_rule.business_day_of_month is '1 to 10 from the beginning of the month, -1 to -10 from its end.';
comment on column octavo.schedule_rule.month is 'Annual: 1 to 12. Quarterly: any month of the four, null is January, April, July and October.';
comment on column octavo.schedule_rule.time_of_day is 'What the clock in time_zone shows.';
comment on column octavo.schedule_rule.time_zone is 'An IANA name, such as Europe/Berlin.';
comment on column octavo.schedule_rule.starts_on is 'Nothing runs before this day in time_zone, nor for a day before it; null is no limit.';
comment on column octavo.schedule_rule.ends_on is 'Nothing runs after this day in time_zone, nor for a day after it; null is no limit.';
comment on column octavo.schedule_rule.when_closed is
    'What a day that is no business day does: run (as null does), skip, next_business_day, previous_business_day.';


-- Business days are the organization's.

alter table octavo.organization
    add column weekend integer[] not null default '{0,6}'
    constraint organization_has_a_week check (weekend <@ array[0, 1, 2, 3, 4, 5, 6] and cardinality(weekend) < 7);

comment on column octavo.organization.weekend is 'The days of the week that are no business days; 0 is Sunday, 6 Saturday.';

create table octavo.holiday (
    organization_id bigint not null default octavo.current_organization() references octavo.organization (id),
    day date not null check (isfinite(day)),
    name text not null default '',
    primary key (organization_id, day)
);

comment on table octavo.holiday is 'The days, beside weekends, on which an organization does no business.';

select octavo.isolate('octavo.holiday');

create function octavo.is_business_day(day date) returns boolean
language plpgsql stable
as $$
declare
    working boolean;
begin
    select extract(dow from is_business_day.day)::integer <> all (o.weekend)
           and not exists (select from octavo.holiday as h where h.organization_id = o.id and h.day = is_business_day.day)
    into working
    from octavo.organization as o where o.id = octavo.current_organization();
    if not found then
        perform octavo.refuse('Business days are those of an organization: set octavo.organization_id in the transaction');
    end if;
    return working;
end $$;

comment on function octavo.is_business_day(date) is 'Whether a day is neither weekend nor holiday of the organization that the transaction works for.';

create function octavo.business_day_from(day date, direction integer) returns date
language plpgsql stable
as $$
begin
    for distance in 0..366 loop
        if octavo.is_business_day(day + distance * direction) then
            return day + distance * direction;
        end if;
    end loop;
    perform octavo.refuse(format('There is no business day within a year of %s; look at the weekend and the holidays of the organization', day));
end $$;

comment on function octavo.business_day_from(date, integer) is 'The day itself or the nearest business day after it (direction 1) or before it (-1).';


-- Days of a rule.

create function octavo.day_in_month(rule octavo.schedule_rule, month date) returns date
language plpgsql stable
as $$
declare
    last constant date := month + interval '1 month' - interval '1 day';
    day date;
begin
    if rule.day_of_month is not null then
        return case when rule.day_of_month = -1 then last else least(month + rule.day_of_month - 1, last) end;
    elsif rule.weekday_of_month = -1 then
        return last - (extract(dow from last)::integer - rule.days_of_week[1] + 7) % 7;
    elsif rule.weekday_of_month is not null then
        day := month + (rule.days_of_week[1] - extract(dow from month)::integer + 7) % 7 + 7 * (rule.weekday_of_month - 1);
    elsif rule.business_day_of_month > 0 then
        day := month - 1;
        for number in 1..rule.business_day_of_month loop
            day := octavo.business_day_from(day + 1, 1);
        end loop;
    else
        day := last + 1;
        for number in 1..-rule.business_day_of_month loop
            day := octavo.business_day_from(day - 1, -1);
        end loop;
    end if;
    return case when day between month and last then day end;
end $$;

comment on function octavo.day_in_month(octavo.schedule_rule, date) is 'The day that a rule means in the month that begins on the date, or null when the month has none.';

create function octavo.day_of_rule(rule octavo.schedule_rule, from_day date) returns date
language plpgsql stable
as $$
declare
    final constant date := least(rule.ends_on, date '9998-12-31');
    every constant integer := coalesce(rule.every, 1);
    start constant date := coalesce(rule.starts_on, date '1970-01-01');
    day date := greatest(from_day, start, date '1970-01-01');
    monday date;
    weeks integer;
    found date;
    cycle integer;  -- from here in months, numbered through, so that a step over the end of a year is like any other
    first integer;
    number integer;
begin
    if day > final then
        return null;
    elsif rule.frequency = 'daily' then
        day := day + (every - (day - start) % every) % every;
    elsif rule.frequency = 'weekly' then
        monday := day - (extract(isodow from day)::integer - 1);
        weeks := (monday - (start - (extract(isodow from start)::integer - 1))) / 7;
        if weeks % every = 0 then
            found := (select min(monday + (weekday + 6) % 7) from unnest(rule.days_of_week) as weekday where monday + (weekday + 6) % 7 >= day);
        end if;
        day := coalesce(
            found, (select min(monday + 7 * (every - weeks % every) + (weekday + 6) % 7) from unnest(rule.days_of_week) as weekday)
        );
    else
        cycle := case rule.frequency when 'monthly' then 1 when 'quarterly' then 3 else 12 end;
        first := extract(year from start) * 12 + extract(month from start) - 1;
        first := first + ((coalesce(rule.month, 1) - 1 - first) % cycle + cycle) % cycle;
        number := extract(year from day) * 12 + extract(month from day) - 1;
        cycle := cycle * every;
        number := first + (greatest(number - first, 0) + cycle - 1) / cycle * cycle;
        -- The calendar repeats itself after 400 years: what has no day in so many periods never has one.
        for period in 1..400 loop
            exit when make_date(number / 12, number % 12 + 1, 1) > final;
            found := octavo.day_in_month(rule, make_date(number / 12, number % 12 + 1, 1));
            exit when found >= day;
            found := null;
            number := number + cycle;
        end loop;
        day := found;
    end if;
    return case when day <= final then day end;
end $$;

comment on function octavo.day_of_rule(octavo.schedule_rule, date) is 'The first day of a rule at or after a day, before any shift to a business day; null when there is none.';


-- From a wall time to an instant. It is STABLE: what it gives rests on the zone data of the server.
create function octavo.first_instant(wall timestamp, zone text) returns timestamptz
language plpgsql stable strict
as $$
declare
    -- No zone was ever more than 15 hours from UTC since 1970, or changed its clocks twice within two days: at most one change lies between.
    before constant timestamptz := wall at time zone 'UTC' - interval '24 hours';
    after constant timestamptz := wall at time zone 'UTC' + interval '24 hours';
    by_old constant timestamptz := before + (wall - (before at time zone zone));
    by_new constant timestamptz := after + (wall - (after at time zone zone));
    low bigint;
    high bigint;
    middle bigint;
begin
    if by_old at time zone zone = wall then
        return by_old;
    elsif by_new at time zone zone = wall then
        return by_new;
    end if;
    -- The clocks leapt over it. Zones change at whole seconds, so the second after which they show more is the instant of the change.
    low := floor(extract(epoch from by_new));
    high := ceil(extract(epoch from by_old));
    while high - low > 1 loop
        middle := (low + high) / 2;
        if to_timestamp(middle) at time zone zone < wall then
            low := middle;
        else
            high := middle;
        end if;
    end loop;
    return to_timestamp(high);
end $$;

comment on function octavo.first_instant(timestamp, text) is
    'The first instant at which the clocks of a zone show this time, or, where they leap over it, the first instant after the leap.';


-- Runs of a rule.

create function octavo.find_runs(rule octavo.schedule_rule, after timestamptz, until timestamptz, most integer, from_day date)
returns table (run_at timestamptz, days date[])
language plpgsql stable
as $$
declare
    today date;
    day date;
    settled date;
    instant timestamptz;
    given integer := 0;
    in_vain integer := 0;
begin
    if rule.frequency = 'on_demand' or after >= '9999-01-01 00:00+00' then
        return;
    end if;
    after := greatest(after, '1969-12-30 00:00+00');
    -- A run after this instant is on the day that its clock shows, or a later one; a day that was shifted may lie before that.
    today := (after at time zone rule.time_zone)::date;
    day := today;
    if rule.when_closed = 'next_business_day' then
        day := octavo.business_day_from(today - 1, -1) + 1;
    end if;
    day := greatest(day, from_day);
    loop
        day := octavo.day_of_rule(rule, day);
        exit when day is null;
        settled := case
            when rule.when_closed = 'next_business_day' then octavo.business_day_from(day, 1)
            when rule.when_closed = 'previous_business_day' then octavo.business_day_from(day, -1)
            when rule.when_closed = 'skip' then case when octavo.is_business_day(day) then day end
            else day
        end;
        exit when settled > rule.ends_on;
        in_vain := case when settled is null then in_vain + 1 else 0 end;
        exit when in_vain >= 1000;
        if settled >= greatest(today, rule.starts_on) then
            instant := octavo.first_instant(settled + rule.time_of_day, rule.time_zone);
            exit when instant > until;
            if instant = run_at then
                days := days || day;
            elsif instant > after then
                if run_at is not null then
                    return next;
                    given := given + 1;
                    exit when given = most;
                end if;
                run_at := instant;
                days := array[day];
            end if;
        end if;
        day := day + 1;
    end loop;
    if run_at is not null and given is distinct from most then
        return next;
    end if;
end $$;

comment on function octavo.find_runs(octavo.schedule_rule, timestamptz, timestamptz, integer, date) is
    'The runs of a rule that was checked: after an instant, up to another, at most so many, for days from one on; null is no limit. '
    'Days of the rule that fall on one instant make one run, which names them all.';

create function octavo.check_rule(rule octavo.schedule_rule) returns void
language plpgsql stable
as $$
declare
    by_month constant integer := num_nonnulls(rule.day_of_month, rule.weekday_of_month, rule.business_day_of_month);
    wrong text;
begin
    wrong := case
        when rule.frequency is null or rule.frequency not in ('daily', 'weekly', 'monthly', 'quarterly', 'annual', 'on_demand')
            then 'A frequency is daily, weekly, monthly, quarterly, annual or on_demand'
        when rule.frequency = 'on_demand' and num_nonnulls(rule.every, rule.days_of_week, rule.month) + by_month > 0
            then 'What runs on demand has no days; leave every, the days and the month empty'
        when rule.frequency = 'on_demand' then null
        when rule.time_of_day is null or rule.time_of_day = '24:00' then 'A schedule needs a time_of_day from 00:00 to 23:59:59'
        when rule.time_zone is null then 'A schedule needs a time_zone, such as Europe/Berlin'
        when rule.every not between 1 and 999 then 'every is a number from 1 to 999'
        when rule.every > 1 and rule.starts_on is null then 'What runs only every so many days, weeks, months, quarters or years is counted from starts_on; set it'
        when rule.starts_on not between '1970-01-01' and '9998-12-31' or rule.ends_on not between '1970-01-01' and '9998-12-31'
            then 'starts_on and ends_on are days from the year 1970 to 9998'
        when rule.ends_on < rule.starts_on then 'ends_on lies before starts_on'
        when rule.when_closed not in ('run', 'skip', 'next_business_day', 'previous_business_day')
            then 'when_closed is run, skip, next_business_day or previous_business_day'
        when cardinality(rule.days_of_week) = 0 or not rule.days_of_week <@ array[0, 1, 2, 3, 4, 5, 6] then 'days_of_week are numbers from 0, Sunday, to 6, Saturday'
        when rule.frequency in ('daily', 'weekly') and (by_month > 0 or rule.month is not null)
            then format('A %s schedule has no day of the month, and no month', rule.frequency)
        when rule.frequency = 'daily' then
            case when rule.days_of_week is not null then 'A daily schedule has no days_of_week; make it weekly to choose some' end
        when rule.frequency = 'weekly' then
            case when rule.days_of_week is null then 'A weekly schedule needs days_of_week, from 0, Sunday, to 6, Saturday' end
        when by_month <> 1 then format('A %s schedule needs one of day_of_month, weekday_of_month and business_day_of_month', rule.frequency)
        when rule.day_of_month not between 1 and 31 and rule.day_of_month <> -1 then 'day_of_month is 1 to 31, or -1 for the last day'
        when rule.weekday_of_month not between 1 and 5 and rule.weekday_of_month <> -1 then 'weekday_of_month is 1 to 5, or -1 for the last'
        when rule.weekday_of_month is not null and coalesce(cardinality(rule.days_of_week), 0) <> 1
            then 'weekday_of_month needs the one weekday that is meant in days_of_week'
        when rule.weekday_of_month is null and rule.days_of_week is not null then 'days_of_week needs weekday_of_month here, to say which of the month'
        when abs(rule.business_day_of_month) not between 1 and 10 then 'business_day_of_month is 1 to 10 from the beginning of the month, or -1 to -10 from its end'
        when rule.frequency = 'monthly' and rule.month is not null then 'A monthly schedule has no month; make it quarterly or annual to choose one'
        when rule.frequency = 'annual' and rule.month is null then 'An annual schedule needs a month from 1 to 12'
        when rule.month not between 1 and 12 then 'month is a number from 1 to 12'
    end;
    if wrong is not null then
        perform octavo.refuse(wrong);
    elsif rule.frequency = 'on_demand' then
        return;
    -- PostgreSQL would also take CEST, and FOO+3 the wrong way round: neither is a zone with rules. Debian adds names such as localtime.
    elsif rule.time_zone <> 'UTC' and (
        rule.time_zone !~ '^[A-Z]'
        or not exists (select from pg_timezone_names as zone where zone.name = rule.time_zone)
        or exists (select from pg_timezone_abbrevs as abbreviation where abbreviation.abbrev = upper(rule.time_zone))
    ) then
        perform octavo.refuse(format('There is no time zone %s here; give an IANA name such as Europe/Berlin, spelled exactly, or UTC', rule.time_zone));
    elsif not exists (
        select from octavo.find_runs(rule, null, null, 1, coalesce(rule.starts_on, greatest(rule.ends_on - 36525, date '1970-01-01'), date '2000-01-01'))
    ) then
        perform octavo.refuse('By this rule no run ever comes; look at its days, starts_on, ends_on and when_closed');
    end if;
end $$;

comment on function octavo.check_rule(octavo.schedule_rule) is 'Refuses a rule that is incomplete, contradicts itself or never comes due, in words.';

create function octavo.show_runs(rule octavo.schedule_rule, after timestamptz, until timestamptz, most integer)
returns table (run_at timestamptz, local_time timestamp, utc_offset text, days date[])
language sql stable
as $$
    select run.run_at, here.wall, case when here.ahead < interval '0' then '-' else '+' end || to_char(greatest(here.ahead, -here.ahead), 'HH24:MI'), run.days
    from octavo.find_runs(rule, after, until, most, null) as run
    cross join lateral (
        select run.run_at at time zone rule.time_zone, run.run_at at time zone rule.time_zone - run.run_at at time zone 'UTC'
    ) as here (wall, ahead)
$$;

comment on function octavo.show_runs(octavo.schedule_rule, timestamptz, timestamptz, integer) is
    'Runs as people are shown them: the instant, what the clock of the zone shows then, its offset from UTC, and the days of the rule that the run is for.';

create function octavo.next_run_times(rule octavo.schedule_rule, after timestamptz default now(), count integer default 10)
returns table (run_at timestamptz, local_time timestamp, utc_offset text, days date[])
language plpgsql stable
as $$
begin
    perform octavo.check_rule(rule);
    if count is null or count not between 1 and 1000 then
        perform octavo.refuse('How many runs is a number from 1 to 1000');
    end if;
    return query select * from octavo.show_runs(rule, coalesce(after, now()), null, count);
end $$;

comment on function octavo.next_run_times(octavo.schedule_rule, timestamptz, integer) is 'The next runs strictly after an instant.';

create function octavo.run_times_between(rule octavo.schedule_rule, after timestamptz, until timestamptz)
returns table (run_at timestamptz, local_time timestamp, utc_offset text, days date[])
language plpgsql stable
as $$
begin
    perform octavo.check_rule(rule);
    if after is null or until is null or not isfinite(until) then
        perform octavo.refuse('The runs between two instants need both of them');
    end if;
    return query select * from octavo.show_runs(rule, after, until, null);
end $$;

comment on function octavo.run_times_between(octavo.schedule_rule, timestamptz, timestamptz) is
    'Every run strictly after an instant and up to another, that one included: what was missed, or what is to be made up for.';

create function octavo.calculate_next_run_time(rule octavo.schedule_rule, after timestamptz default now()) returns timestamptz
language sql stable
return (select run.run_at from octavo.next_run_times(rule, after, 1) as run);

comment on function octavo.calculate_next_run_time(octavo.schedule_rule, timestamptz) is
    'The next run strictly after an instant; null on demand, or when none is left.';

create function octavo.calculate_next_run_time(
    frequency octavo.report_frequency, day_of_week integer, day_of_month integer, time_of_day time, time_zone text, after timestamptz
) returns timestamptz
language plpgsql stable
as $$
declare
    rule octavo.schedule_rule;
begin
    rule.frequency := frequency;
    rule.time_of_day := time_of_day;
    rule.time_zone := time_zone;
    if frequency = 'weekly' then
        rule.days_of_week := case when day_of_week is not null then array[day_of_week] end;
    elsif frequency in ('monthly', 'quarterly', 'annual') then
        rule.day_of_month := day_of_month;
        rule.month := case when frequency <> 'monthly' then 1 end;
    end if;
    return octavo.calculate_next_run_time(rule, after);
end $$;

comment on function octavo.calculate_next_run_time(octavo.report_frequency, integer, integer, time, text, timestamptz) is
    'The same for a rule of frequency, day of the week, day of the month, time and zone. What the frequency does not need is not looked at; a year and its quarters begin in January.';

create function octavo.calculate_next_run_time(
    frequency octavo.report_frequency, day_of_month integer, time_of_day time, time_zone text, after timestamptz
) returns timestamptz
language sql stable
return octavo.calculate_next_run_time(frequency, null::integer, day_of_month, time_of_day, time_zone, after);

comment on function octavo.calculate_next_run_time(octavo.report_frequency, integer, time, text, timestamptz) is
    'The same for a rule of frequency, day of the month, time and zone.';


-- What a table of schedules is given. Beside organization_id and the columns of octavo.schedule_rule it has these: active boolean,
-- next_run_at timestamptz, next_run_days date[], last_planned_at timestamptz. It keeps the first two by
--     create trigger keep_next_run_at before insert or update on ... for each row execute function octavo.keep_next_run_at();
-- Whoever takes a run that is due sets last_planned_at to its next_run_at (or to the last that was missed), and no more.

create function octavo.pending_run(rule octavo.schedule_rule, last_planned_at timestamptz, next_run_days date[])
returns table (run_at timestamptz, days date[])
language sql stable
as $$
    select run.run_at, run.days
    from octavo.find_runs(
        rule, case when next_run_days is null then greatest(now(), last_planned_at) else last_planned_at end, null, 1, next_run_days[1]
    ) as run
$$;

comment on function octavo.pending_run(octavo.schedule_rule, timestamptz, date[]) is
    'The run for the same days as before, by the business days and the zone data of today; the next one where there is none for them, or none was found before.';

create function octavo.keep_next_run_at() returns trigger
language plpgsql
as $$
declare
    rule constant octavo.schedule_rule := jsonb_populate_record(null::octavo.schedule_rule, to_jsonb(new));
    is_new boolean := true;
    days date[];
begin
    if tg_op = 'UPDATE' then
        is_new := rule is distinct from jsonb_populate_record(null::octavo.schedule_rule, to_jsonb(old));
    end if;
    if is_new then
        perform octavo.check_rule(rule);
    elsif old.active and new.last_planned_at is not distinct from old.last_planned_at then
        days := old.next_run_days;
    elsif old.active and old.next_run_days is not null then
        -- Taken: what these days stood for has had its run, also when a new holiday would now move it to a later day.
        days := array[old.next_run_days[cardinality(old.next_run_days)] + 1];
    end if;
    new.next_run_at := null;
    new.next_run_days := null;
    if new.active then
        select run.run_at, run.days into new.next_run_at, new.next_run_days
        from octavo.pending_run(rule, new.last_planned_at, days) as run;
    end if;
    return new;
end $$;

comment on function octavo.keep_next_run_at() is
    'Trigger: next_run_at follows the rule, active and last_planned_at, and nobody else sets it. A new rule, and an activation, count from now; a run that was taken counts from its planned time.';

create function octavo.recompute_next_runs(relation regclass) returns bigint
language plpgsql
as $$
declare
    changed bigint;
begin
    execute format(
        'update %s as schedule set next_run_at = null where schedule.active and ('
        'select row(schedule.next_run_at, schedule.next_run_days) is distinct from row(run.run_at, run.days) '
        'from (select) as once left join octavo.pending_run(jsonb_populate_record(null::octavo.schedule_rule, to_jsonb(schedule)), '
        'schedule.last_planned_at, schedule.next_run_days) as run on true)',
        relation
    );
    get diagnostics changed = row_count;
    return changed;
end $$;

comment on function octavo.recompute_next_runs(regclass) is
    'Corrects next_run_at of the organization''s schedules after the zone data or the business days have changed; gives how many were wrong. '
    'PostgreSQL does not say which zone data it has, so every active schedule is compared; one that is right is not written.';

create function octavo.follow_business_days() returns trigger
language plpgsql
as $$
begin
    perform octavo.recompute_next_runs(tg_argv[0]::regclass);
    return null;
end $$;

comment on function octavo.follow_business_days() is
    'Trigger after a statement on octavo.holiday; its argument is the table of schedules, whose next runs are corrected.';

do $$
declare
    made regprocedure;
begin
    for made in
        select oid from pg_proc where pronamespace = 'octavo'::regnamespace and proname = any (
            '{is_business_day,business_day_from,day_in_month,day_of_rule,first_instant,find_runs,check_rule,show_runs,next_run_times,run_times_between,'
            'calculate_next_run_time,pending_run,keep_next_run_at,recompute_next_runs,follow_business_days}'::name[])
    loop
        execute format('revoke execute on function %s from public', made);
        execute format('grant execute on function %s to octavo_app', made);
    end loop;
end $$;
