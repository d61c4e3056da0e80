-- Asked: the second quarter of 2014, in the zones of the plants. June begins in Berlin on 31 May at 22:00 UTC. One-hour readings, in kWh:
--
--   Mühlbach  31 May 21:00 UTC   500            May in Berlin
--             31 May 22:00      1500  lost 100   June
--             15 Jun 10:00       -20  lost 300, curtailed 120
--             30 Jun 22:00       999             July, not asked
--   Sonnenhof 30 Jun 23:00       400            June in UTC
--   The check meter of Mühlbach counts nothing here.
--
-- Mühlbach, June: net 1480, possible 1480 + 400 + 120 = 2000, available 80 %; 1480 of 2000 kW x 2 h is 37 %; 2 of 720 hours 0.28 %.
-- Mühlbach, May: 500 of 2000 kW x 1 h is 25 %; 1 of 744 hours 0.13 %.  Both months: 1980, possible 2500, available 84 %; 1980 of 6000 is 33 %.
-- June, both: net 1880, possible 2400, available 83.3333 %. All: net 2380, possible 2900, available 86.2069 %.
-- The capacity of Sonnenhof is not known: it has no capacity factor, and is not in those of several plants.

insert into energy.project (id, name, technology, capacity_kw, time_zone)
values (1, 'Mühlbach "Nord"', 'wind', 2000, 'Europe/Berlin'), (2, 'Sonnenhof', 'solar', null, 'UTC'), (3, 'Not built yet', 'storage', 500, 'UTC');

insert into energy.meter (id, project_id, number, name, kind)
values (1, 1, 'M-1', 'Revenue', 'revenue'), (2, 1, 'M-2', 'Check', 'check'), (3, 2, '0003', 'Revenue', 'revenue');

insert into energy.meter_reading (meter_id, interval_start, interval_minutes, net_energy_kwh, availability_kwh, curtailment_kwh)
values
    (1, '2014-05-31 21:00+00', 60, 500, 0, 0),
    (1, '2014-05-31 22:00+00', 60, 1500, 100, 0),
    (1, '2014-06-15 10:00+00', 60, -20, 300, 120),
    (1, '2014-06-30 22:00+00', 60, 999, 0, 0),
    (2, '2014-06-15 10:00+00', 60, 777, 77, 7),
    (3, '2014-06-30 23:00+00', 60, 400, 0, 0);
