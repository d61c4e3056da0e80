-- Asked: the clauses with damages of project 1. The price has none, and 009 belongs to project 2.

insert into energy.project (id, name, time_zone) values (1, 'Mühlbach Wind', 'Europe/Berlin'), (2, 'Sonnenhof', 'UTC');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, '007', 'Power purchase, "Süd"', 'ppa', 'Bäckerei', 'EUR', '2014-01-01'),
    (2, 1, '008', 'Full service', 'operation_and_maintenance', 'Rotor', 'GBP', '2014-01-01'),
    (3, 2, '009', 'Other', 'ppa', 'Aÿ', 'EUR', '2014-01-01');

insert into energy.clause (
    contract_id, reference, title, kind, wording, guaranteed_value, guaranteed_unit, window_months, measured_in, damages_form, damages_rate, damages_floor,
    damages_cap_percent, damages_cap_amount, excused_causes, excused_maintenance_hours, cure_days, cure_days_kind
)
values
    (1, '4.1', 'Price', 'pricing', '', null, null, null, 'energy', null, null, null, null, null, '{}', null, null, null),
    (1, '7.2', 'Availability', 'availability', E'Measured monthly,\nand paid', 97.5, 'percent', 12, 'energy', 'shortfall_rate', 25, null, 15, 20000, '{grid,force_majeure}', 120, 30, 'calendar'),
    (2, '7', 'Hours', 'availability', '', 98, 'percent', null, 'hours', 'capacity_factor', 2, 70, null, null, '{}', null, 10, 'business'),
    (3, '7.2', 'Availability', 'availability', '', 97, 'percent', 1, 'energy', 'shortfall_rate', 25, null, null, null, '{}', null, null, null);
