-- Business days, duties, and what was broken.

insert into energy.holiday (country, day, name)
select country, make_date(year, month, day), name
from (
    values
        ('FR', 1, 1, 'Jour de l''an'), ('FR', 5, 1, 'Fête du Travail'), ('FR', 5, 8, 'Victoire 1945'), ('FR', 7, 14, 'Fête nationale'), ('FR', 8, 15, 'Assomption'),
        ('FR', 11, 1, 'Toussaint'), ('FR', 11, 11, 'Armistice 1918'), ('FR', 12, 25, 'Noël'),
        ('ES', 1, 1, 'Año Nuevo'), ('ES', 1, 6, 'Epifanía'), ('ES', 5, 1, 'Fiesta del Trabajo'), ('ES', 8, 15, 'Asunción'), ('ES', 10, 12, 'Fiesta Nacional'),
        ('ES', 11, 1, 'Todos los Santos'), ('ES', 12, 6, 'Constitución'), ('ES', 12, 8, 'Inmaculada'), ('ES', 12, 25, 'Navidad'),
        ('DE', 1, 1, 'Neujahr'), ('DE', 5, 1, 'Tag der Arbeit'), ('DE', 10, 3, 'Tag der Deutschen Einheit'), ('DE', 12, 25, 'Weihnachten'), ('DE', 12, 26, 'Zweiter Weihnachtstag'),
        ('GB', 1, 1, 'New Year''s Day'), ('GB', 12, 25, 'Christmas Day'), ('GB', 12, 26, 'Boxing Day')
) as holiday (country, month, day, name)
cross join generate_series(2023, extract(year from current_date)::integer + 1) as year
where country in (select country from sample_contract)
order by country, year, month, day
on conflict do nothing;

insert into energy.obligation (clause_id, title, due_date, fulfilled_on)
select clause.id, duty.title, duty.due_date,
    case when duty.due_date - 8 + late < least(current_date, duty.due_date + 40) then duty.due_date - 8 + late end
from energy.clause
join energy.contract on contract.id = clause.contract_id
cross join lateral (
    select 'Report, ' || to_char(quarter, '"quarter" Q YYYY') as title, (quarter + interval '3 months')::date + 19 as due_date
    from generate_series(timestamp '2023-01-01', current_date + interval '1 month', interval '3 months') as quarter
    where clause.kind = 'reporting'
    union all
    select 'Insurance certificate ' || year, make_date(year, 2, 15)
    from generate_series(2023, extract(year from current_date)::integer + 1) as year
    where clause.kind = 'insurance'
) as duty
cross join lateral (select (50 * pg_temp.noise(concat_ws('|', %(seed)s, contract.number, duty.title)) ^ 4)::integer as late) as dice
order by contract.number, duty.due_date, duty.title;

-- A month under the guarantee is told a week after its end, an invoice that is not paid two weeks after it is due.
insert into energy.breach (clause_id, reference, title, occurred_on, notice_date, extended_to, cured_on, remark)
select
    event.clause_id, 'B-' || to_char(row_number() over (order by event.occurred_on, event.number, event.title), 'FM00000'), event.title, event.occurred_on, event.notice_date,
    case when event.cured_on is null and dice.luck > 0.9 then event.notice_date + 60 end,
    case when event.cured_on <= current_date then event.cured_on end,
    case when event.cured_on is null then 'A plan for the cure was asked for' else '' end
from (
    select
        month.clause_id, contract.number, 'Availability of ' || to_char(month.month, 'FMMonth YYYY') || ': ' || month.measured || ' percent' as title,
        (month.month + interval '1 month')::date - 1 as occurred_on,
        case when (month.month + interval '1 month')::date + 7 <= current_date then (month.month + interval '1 month')::date + 7 end as notice_date,
        case when chance.luck < 0.86 then (month.month + interval '1 month')::date + 12 + (32 * chance.luck)::integer end as cured_on
    from sample_guarantee as month
    join energy.contract on contract.id = month.contract_id
    cross join lateral (select pg_temp.noise(concat_ws('|', %(seed)s, contract.number, month.month, 'cured')) as luck) as chance
    where month.missing > 1.5
    union all
    select
        clause.id, contract.number, 'Invoice ' || paid.invoice_number || ' not paid', paid.due_date + 1, case when paid.due_date + 15 <= current_date then paid.due_date + 15 end,
        case when paid.amount > 0 and paid.paid_on > paid.due_date + 15 then paid.paid_on end
    from sample_payment as paid
    join energy.contract on contract.id = paid.contract_id
    join energy.clause on clause.contract_id = contract.id and clause.kind = 'payment'
    where paid.due_date < current_date and (paid.amount = 0 or paid.paid_on > paid.due_date + 15)
) as event
cross join lateral (select pg_temp.noise(concat_ws('|', %(seed)s, event.title, event.number, 'extended')) as luck) as dice
order by event.occurred_on, event.number, event.title;
