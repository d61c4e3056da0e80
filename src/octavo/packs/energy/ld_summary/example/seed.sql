-- Asked: June and July 2014, in the zone of the plant: June begins on 31 May at 22:00 UTC. One-hour readings, kWh:
--
--   31 May 22:00 UTC  net 80000  lost 10000
--   10 Jun 10:00          12000  lost  4000  curtailed 2000    the grid was out 10:30-11:30: half of what was lost is excused
--    5 Jul 10:00          97000  lost  3000                    a failure, out until 6 July 10:00
--
-- June, excused: net 92, lost 14, excused 2, curtailed 2 MWh; possible 92 + 2 + 14 - 2 = 106, available 94 of 106 = 88.6792 %.
--       nothing excused: 94 of 108 = 87.0370 %. By hours: 719 of 719 = 100 %.
-- July: 97 of 100 = 97 %. June and July: 191 of 206 = 92.7184 %. By hours: 720 of 744 = 96.7742 %.
--
--   007 7.2  97 %, 25 a MWh     June: 8.3208 % of 106 = 8.820 MWh, 220.50; cap 3 % of 92 MWh x 60 = 165.60.  July: 97 is kept.
--       7.3  95 % over 2 months  June (nothing in May): (95 / 88.6792 - 1) x 92 x 10 = 65.57.  July: (95 / 92.7184 - 1) x 97 x 10 = 23.87
--       7.4  250 MWh in 2 months, assessed in June: 92 + 2 curtailed + 2 excused = 96, missing 154 x 5 = 770.00.  July: not yet.
--       7.5  performance ratio: left out
--   008 8.1  98 %, factor, nothing excused. June: 100 - 2 x 10.9630 = 78.0740 % of 1000, so 219.26.  July: 98 %, 20.00; cap 230 a year leaves 10.74.
--       8.2  97 % of the hours, 100 a MWh. July: 0.2258 % of 100 = 0.226 MWh, 22.60
--
-- June: 220.50 + 65.57 + 770.00 + 219.26 = 1275.33, within caps 1220.43.  July: 23.87 + 20.00 + 22.60 = 66.47, within caps 57.21.
-- We owe the buyer (007): 1001.17 in June, 23.87 in July. The contractor (008) owes us 219.26, and 33.34.
-- B-2: 5 business days after Friday 25 July: 28, 29, 31 July, 1 August, and (30 July is a holiday, then a weekend) Monday 4 August.

insert into energy.project (id, name, technology, country, time_zone) values (1, 'Mühlbach Wind', 'wind', 'DE', 'Europe/Berlin');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, '007', 'Power purchase', 'ppa', 'Bäckerei Süß, Söhne & Co', 'EUR', '2014-01-01'),
    (2, 1, '008', 'Full service', 'operation_and_maintenance', 'Rotor "Nord" GmbH', 'EUR', '2014-01-01');

insert into energy.clause (
    id, contract_id, reference, title, kind, guaranteed_value, guaranteed_unit, window_months, measured_in, damages_form, damages_rate, damages_floor,
    damages_cap_percent, damages_cap_amount, excused_causes, cure_days, cure_days_kind
)
values
    (1, 1, '4.1', 'Price', 'pricing', null, null, null, 'energy', null, null, null, null, null, '{}', null, null),
    (2, 1, '7.2', 'Availability', 'availability', 97, 'percent', 1, 'energy', 'shortfall_rate', 25, null, 3, null, '{grid}', 30, 'calendar'),
    (3, 1, '7.3', 'Availability, two months', 'availability', 95, 'percent', 2, 'energy', 'availability_ratio', 10, null, null, null, '{grid}', null, null),
    (4, 1, '7.4', 'Generation', 'generation', 250, 'MWh', 2, 'energy', 'shortfall_rate', 5, null, null, null, '{grid}', null, null),
    (5, 1, '7.5', 'Performance ratio', 'performance_ratio', 80, 'percent', 1, 'energy', 'shortfall_rate', 5, null, null, null, '{}', null, null),
    (6, 2, '4.1', 'Price', 'pricing', null, null, null, 'energy', null, null, null, null, null, '{}', null, null),
    (7, 2, '8.1', 'Availability', 'availability', 98, 'percent', null, 'energy', 'capacity_factor', 2, 70, null, 230, '{}', null, null),
    (8, 2, '8.2', 'Availability, hours', 'availability', 97, 'percent', 1, 'hours', 'shortfall_rate', 100, null, null, null, '{grid}', 5, 'business');

insert into energy.clause_tariff (clause_id, name, start_date, unit_price, unit, currency)
values (1, 'Energy', '2014-01-01', 60, 'MWh', 'EUR'), (6, 'Service', '2014-01-01', 1000, 'month', 'EUR');

insert into energy.meter (id, project_id, number, name) values (1, 1, 'M-1', 'Revenue');

insert into energy.meter_reading (meter_id, interval_start, interval_minutes, net_energy_kwh, availability_kwh, curtailment_kwh)
values
    (1, '2014-05-31 22:00+00', 60, 80000, 10000, 0),
    (1, '2014-06-10 10:00+00', 60, 12000, 4000, 2000),
    (1, '2014-07-05 10:00+00', 60, 97000, 3000, 0);

insert into energy.outage (project_id, cause, starts_at, ends_at)
values (1, 'grid', '2014-06-10 10:30+00', '2014-06-10 11:30+00'), (1, 'equipment_failure', '2014-07-05 10:00+00', '2014-07-06 10:00+00');

insert into energy.holiday (country, day, name) values ('DE', '2014-07-30', 'Ruhetag'), ('FR', '2014-07-29', 'Repos');

insert into energy.breach (clause_id, reference, title, occurred_on, notice_date, cured_on)
values
    (2, 'B-1', 'Availability of June', '2014-06-30', '2014-07-03', '2014-07-20'),
    (8, 'B-2', 'Converter, "trip"', '2014-07-06', '2014-07-25', '2014-08-05'),
    (1, 'B-3', 'Price not published', '2014-07-01', '2014-07-01', null);
