-- Asked: June 2014 at Mühlbach, revenue meters. June begins in Berlin on 31 May at 22:00 UTC, which is 23:00 in London, where the report is made.

insert into energy.project (id, name, time_zone) values (1, 'Mühlbach Wind', 'Europe/Berlin'), (2, 'Sonnenhof', 'UTC');

insert into energy.meter (id, project_id, number, name, kind)
values (1, 1, '0001', 'Revenue', 'revenue'), (2, 1, '0002', 'Check', 'check'), (3, 2, '0003', 'Revenue', 'revenue');

insert into energy.meter_reading (meter_id, interval_start, interval_minutes, net_energy_kwh, availability_kwh, curtailment_kwh)
values
    (1, '2014-05-31 21:50+00', 10, 1, 0, 0),
    (1, '2014-05-31 22:00+00', 10, 123.456, 0.5, 0),
    (1, '2014-06-30 21:50+00', 10, -2.25, 0, 7),
    (1, '2014-06-30 22:00+00', 10, 3, 0, 0),
    (2, '2014-06-15 12:00+00', 10, 4, 0, 0),
    (3, '2014-06-15 12:00+00', 10, 5, 0, 0);
