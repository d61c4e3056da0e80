-- What the plants cost besides the contractors' invoices, and what they were to cost.

insert into energy.expense (project_id, expense_date, category, reference, description, supplier_name, amount, currency)
select project.id, cost.day, cost.category, 'EX-' || to_char(row_number() over (order by cost.day, project.name, cost.category), 'FM000000'), cost.description, cost.supplier,
    round(cost.amount * (0.94 + 0.14 * pg_temp.noise(concat_ws('|', %(seed)s, project.name, cost.day, cost.category))), 2), plant.currency
from energy.project
join (select distinct project, currency, country from sample_contract) as plant on plant.project = project.name
cross join generate_series(timestamp '2023-01-01', current_date::timestamp, interval '1 month') as month
cross join lateral (
    values
        ('land_lease', 'Lease of the land, ' || to_char(month, '"quarter" Q YYYY'), 'Owners of the land, ' || project.name,
            case when mod(extract(month from month)::integer, 3) = 1 then project.capacity_kw * 1.10 end, month::date + 1),
        ('insurance', 'Insurance, ' || to_char(month, 'YYYY-MM'), 'Fides Insurance', project.capacity_kw * 0.16, month::date + 4),
        ('grid', 'Use of the grid, ' || to_char(month, 'YYYY-MM'), 'Grid operator ' || plant.country, project.capacity_kw * 0.11, month::date + 9),
        ('administration', 'Management and accounts, ' || to_char(month, 'YYYY-MM'), 'Kontor & Books', 2400, month::date + 14),
        ('tax', 'Property and trade tax ' || to_char(month, 'YYYY'), 'Municipality', case when extract(month from month) = 5 then project.capacity_kw * 1.4 end, month::date + 19)
) as cost (category, description, supplier, amount, day)
where cost.amount is not null and cost.day <= current_date
order by cost.day, project.name, cost.category;

insert into energy.budget (project_id, category, month, amount, currency)
select project.id, plan.category, month::date, round(plan.amount, -1), plant.currency
from energy.project
join (select distinct project, currency from sample_contract) as plant on plant.project = project.name
left join sample_contract as service on service.project = project.name and service.kind = 'operation_and_maintenance'
cross join generate_series(timestamp '2023-01-01', date_trunc('year', current_date::timestamp) + interval '11 months', interval '1 month') as month
cross join lateral (
    values
        ('land_lease', case when mod(extract(month from month)::integer, 3) = 1 then project.capacity_kw * 1.10 end),
        ('insurance', project.capacity_kw * 0.16), ('grid', project.capacity_kw * 0.11), ('administration', 2400),
        ('tax', case when extract(month from month) = 5 then project.capacity_kw * 1.4 end),
        ('service', service.price + project.capacity_kw * service.variable_price
            * case project.technology when 'solar' then 0.12 else 0.2 end), ('material', case when service.price is not null then 320 end)
) as plan (category, amount)
where plan.amount is not null
order by project.name, plan.category, month;

drop function pg_temp.noise(text);

select octavo.gather_statistics('energy');
