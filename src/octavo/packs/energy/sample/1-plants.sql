-- Sample data of one organization, in the order of the files: plants and contracts, metering, invoices, payments, breaches, costs, of every
-- month since January 2023. The same seed gives the same past; the factor says how many times each plant stands there. What follows from
-- something follows here too: invoices from readings and prices, damages from availability, what is owed from payments. Nobody in it exists.
-- Amounts are in the organization's currency.

create or replace function pg_temp.noise(key text) returns numeric
language sql immutable
as $$ select round(('x' || substr(md5(key), 1, 8))::bit(32)::bigint / 4294967296.0, 6) $$;

create temporary table sample_contract on commit drop as
select
    plan.seed, plan.project || case when copy > 1 then ' ' || copy else '' end as project, plan.technology, plan.capacity_kw, plan.country, plan.zone,
    plan.number || case when copy > 1 then '-' || copy else '' end as number, plan.kind, plan.name || case when copy > 1 then ' ' || copy else '' end as name,
    plan.counterparty, plan.address, plan.vat_number, plan.tax_rate, plan.price, plan.variable_price, organization.currency,
    -- Each way in which a contract may say what falling short costs.
    case plan.kind when 'operation_and_maintenance' then 'capacity_factor' else case plan.technology when 'solar' then 'availability_ratio' else 'shortfall_rate' end end as damages_form
from (
    values
        (1, 'Côte d''Opale Wind', 'wind', 24600, 'FR', 'Europe/Paris', 'PPA-01', 'ppa', 'Power purchase, Verrerie du Détroit', 'Verrerie du Détroit SA',
            E'12 quai de la Colonne\n62200 Boulogne-sur-Mer\nFrance', 'FR40303265045', 20, 61.40, null),
        (1, 'Côte d''Opale Wind', 'wind', 24600, 'FR', 'Europe/Paris', 'OM-01', 'operation_and_maintenance', 'Full service, Aéromaintenance Nord', 'Aéromaintenance Nord SAS',
            E'4 rue des Éoliennes\n59140 Dunkerque\nFrance', 'FR83404833048', 20, 28500.00, 2.15),
        (1, 'Sierra Bermeja Solar', 'solar', 18000, 'ES', 'Europe/Madrid', 'PPA-02', 'ppa', 'Power purchase, Lácteos Estepona', 'Lácteos Estepona S.L.',
            E'Polígono Industrial 7\n29680 Estepona\nEspaña', 'ESB58378431', 21, 47.90, null),
        (1, 'Sierra Bermeja Solar', 'solar', 18000, 'ES', 'Europe/Madrid', 'OM-02', 'operation_and_maintenance', 'Operation, Sol y Mantenimiento', 'Sol y Mantenimiento S.L.',
            E'Calle del Puerto 21\n29004 Málaga\nEspaña', 'ESB29805314', 21, 9400.00, 0.95),
        (1, 'Lüneburger Heide Wind', 'wind', 9200, 'DE', 'Europe/Berlin', 'PPA-03', 'ppa', 'Power purchase, Stadtwerke Heidekamp', 'Stadtwerke Heidekamp GmbH',
            E'Am Bahnhof 3\n21335 Lüneburg\nDeutschland', 'DE129273398', 19, 66.25, null),
        (2, 'Blyth Ridge Wind', 'wind', 16100, 'GB', 'Europe/London', 'PPA-1', 'ppa', 'Power purchase, Northgate Data', 'Northgate Data Ltd',
            E'1 Exchange Quay\nNewcastle upon Tyne NE1 3DX\nUnited Kingdom', 'GB123456782', 20, 58.80, null),
        (2, 'Blyth Ridge Wind', 'wind', 16100, 'GB', 'Europe/London', 'OM-1', 'operation_and_maintenance', 'Turbine service, Rotor & Blade', 'Rotor & Blade Services Ltd',
            E'Unit 9, Harbour Road\nBlyth NE24 1SB\nUnited Kingdom', 'GB987654321', 20, 19200.00, 2.05),
        (2, 'Fenland Solar', 'solar', 12000, 'GB', 'Europe/London', 'PPA-2', 'ppa', 'Power purchase, Ouse Valley Water', 'Ouse Valley Water plc',
            E'Pump House\nEly CB7 4BN\nUnited Kingdom', 'GB365462636', 20, 52.35, null),
        (2, 'Fenland Solar', 'solar', 12000, 'GB', 'Europe/London', 'OM-2', 'operation_and_maintenance', 'Solar care, Brightfield', 'Brightfield Solar Care Ltd',
            E'22 Sessions Way\nMarch PE15 8LN\nUnited Kingdom', 'GB220430231', 20, 6150.00, 0.90)
) as plan (seed, project, technology, capacity_kw, country, zone, number, kind, name, counterparty, address, vat_number, tax_rate, price, variable_price)
cross join generate_series(1, %(factor)s) as copy
join octavo.organization on organization.id = octavo.current_organization()
where plan.seed = %(seed)s;


-- Plants, contracts, prices.

insert into energy.project (name, technology, capacity_kw, country, time_zone, commissioned_on)
select project, technology, capacity_kw, country, zone, date '2016-01-01' + (pg_temp.noise(project) * 2000)::integer
from sample_contract
group by project, technology, capacity_kw, country, zone
order by project;

insert into energy.contract (
    project_id, number, name, kind, counterparty_name, counterparty_address, counterparty_vat_number, currency, start_date, end_date, payment_days
)
select project.id, plan.number, plan.name, plan.kind, plan.counterparty, plan.address, plan.vat_number, plan.currency, date '2022-01-01', date '2036-12-31', 30
from sample_contract as plan
join energy.project on project.name = plan.project
order by plan.number;

insert into energy.clause (
    contract_id, reference, title, kind, wording, guaranteed_value, guaranteed_unit, window_months, damages_form, damages_rate, damages_floor,
    damages_cap_percent, damages_cap_amount, excused_maintenance_hours, cure_days, cure_days_kind
)
select contract.id, clause.reference, clause.title, clause.kind, clause.wording, clause.guaranteed_value, clause.guaranteed_unit, clause.window_months,
    clause.damages_form, clause.damages_rate, clause.damages_floor, clause.damages_cap_percent, clause.damages_cap_amount, clause.maintenance_hours,
    clause.cure_days, clause.cure_days_kind
from energy.contract
join sample_contract as plan on plan.number = contract.number
cross join lateral (
    values
        ('4.1', 'Price', 'pricing', 'The prices are indexed by 1.5 percent on each 1 January.', null::numeric, null, null::integer, null, null::numeric, null::numeric,
            null::numeric, null::numeric, null::numeric, null::integer, null),
        ('7.2', 'Availability', 'availability',
            case plan.damages_form
                when 'shortfall_rate' then 'Energy that is missing from 97 percent of what could have been delivered is paid for at 25 a MWh, at most 15 percent of the month.'
                when 'availability_ratio' then 'Over the last three months, the output is paid for at 30 a MWh times what the guarantee exceeds the availability by, at most 60,000 a year.'
                else 'The monthly fee falls by 2 percent for each percent under 97, to nothing below 70 percent.'
            end,
            97, 'percent', case plan.damages_form when 'availability_ratio' then 3 else 1 end, plan.damages_form,
            case plan.damages_form when 'shortfall_rate' then 25 when 'availability_ratio' then 30 else 2 end,
            case plan.damages_form when 'capacity_factor' then 70 end,
            case plan.damages_form when 'shortfall_rate' then 15 end, case plan.damages_form when 'availability_ratio' then 60000 end, 240, 30, 'calendar'),
        ('9.1', 'Payment', 'payment', 'Payable 30 days after the date of the invoice.', null, null, null, null, null, null, null, null, null, 10, 'business'),
        ('10.1', 'Reports', 'reporting', 'A report of each quarter, 20 days after its end.', null, null, null, null, null, null, null, null, null, 15, 'business'),
        ('12.3', 'Insurance', 'insurance', 'The certificate of the year, by 15 February.', null, null, null, null, null, null, null, null, null, 10, 'calendar')
) as clause (
    reference, title, kind, wording, guaranteed_value, guaranteed_unit, window_months, damages_form, damages_rate, damages_floor, damages_cap_percent,
    damages_cap_amount, maintenance_hours, cure_days, cure_days_kind
)
order by contract.number, clause.reference;

insert into energy.clause_tariff (clause_id, name, start_date, end_date, unit_price, unit, currency, applies_to)
select clause.id, price.name, make_date(year, 1, 1), make_date(year, 12, 31), round(price.amount * 1.015 ^ (year - 2023), 2), price.unit, plan.currency, price.applies_to
from sample_contract as plan
join energy.contract on contract.number = plan.number
join energy.clause on clause.contract_id = contract.id and clause.kind = 'pricing'
cross join lateral (
    values (case when plan.kind = 'ppa' then 'Energy' else 'Service' end, plan.price, case when plan.kind = 'ppa' then 'MWh' else 'month' end, 'metered'),
        ('Variable', plan.variable_price, 'MWh', 'metered'),
        ('Deemed energy', case when plan.kind = 'ppa' then plan.price end, 'MWh', 'curtailed')
) as price (name, amount, unit, applies_to)
cross join generate_series(2023, extract(year from current_date)::integer) as year
where price.amount is not null
order by plan.number, price.name, year;

insert into energy.billing_period (name, start_date, end_date)
select to_char(month, 'FMMonth YYYY'), month::date, (month + interval '1 month' - interval '1 day')::date
from generate_series(timestamp '2023-01-01', current_date::timestamp, interval '1 month') as month
order by month
on conflict (organization_id, start_date, end_date) do nothing;

insert into energy.invoice_line_type (code, name, category)
values
    ('energy', 'Energy', 'energy'), ('deemed', 'Deemed energy', 'energy'), ('certificates', 'Guarantees of origin', 'energy'),
    ('balancing', 'Balancing', 'fee'), ('metering', 'Metering', 'fee'), ('correction', 'Correction', 'adjustment'),
    ('damages', 'Liquidated damages', 'damages'), ('service', 'Service fee', 'service'), ('variable', 'Variable fee', 'service'),
    ('inspection', 'Inspection', 'service'), ('material', 'Material', 'material'), ('bonus', 'Availability bonus', 'adjustment'),
    ('call_out', 'Call-out', 'service')
on conflict do nothing;
