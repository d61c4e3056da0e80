-- Asked: the hours of June 2014 in London, as of the 30th; an entry may wait five days for a decision.
--
--   entry  worked  person  project  hours  submitted       decided               days   at the end of 30 June
--   T1      2      E1      P1       7.5    6 June          6 June                0      approved
--   T2      3      E1      P1       8      6 June          9 June                3      approved
--   T3     10      E2      P2       4.25   13 June         20 June               7      rejected; not billable
--   T4     20      E2      P1       2      20 June         -                     -      submitted, waiting 10 days: overdue
--   T5     25      E1      P2       3      27 June         1 July                -      submitted, waiting 3 days
--   T6     26      E1      P2       1      -               -                     -      draft
--   T7     30      E2      P2       6      30 June, 23:30  1 July, 00:30         -      submitted, waiting 0 days
--   T8 is of May, T9 of July.
--
-- 31.75 hours, 15.5 approved, 4.25 rejected, 11 waiting; approved 2 of 3; billable 27.5 of 31.75. Days 0, 3, 7: mean 10 / 3, median 3,
-- 90th percentile at 2.8 of 3: 3 + 0.8 × 4 = 6.2.

insert into services.customer (id, code, name) values (1, '0042', 'Weiß & Söhne'), (2, 'K7', 'Hill, Dale "and" Co');
insert into services.project (id, code, name, customer_id) values (1, 'P1', 'Website', 1), (2, 'P2', 'Müllheim', 2);
insert into services.person (id, code, name) values (1, 'E1', 'Zoë Bär'), (2, 'E2', 'O''Neill, Pat');

insert into services.time_entry (number, person_id, project_id, worked_on, hours, billable, status, submitted_at, decided_at, decided_by)
values
    ('T1', 1, 1, '2014-06-02', 7.5, true, 'approved', '2014-06-06 15:00+00', '2014-06-06 16:00+00', 2),
    ('T2', 1, 1, '2014-06-03', 8, true, 'approved', '2014-06-06 15:00+00', '2014-06-09 08:00+00', 2),
    ('T3', 2, 2, '2014-06-10', 4.25, false, 'rejected', '2014-06-13 15:00+00', '2014-06-20 08:00+00', 1),
    ('T4', 2, 1, '2014-06-20', 2, true, 'submitted', '2014-06-20 15:00+00', null, null),
    ('T5', 1, 2, '2014-06-25', 3, true, 'approved', '2014-06-27 15:00+00', '2014-07-01 08:00+00', 2),
    ('T6', 1, 2, '2014-06-26', 1, true, 'draft', null, null, null),
    ('T7', 2, 2, '2014-06-30', 6, true, 'approved', '2014-06-30 22:30+00', '2014-06-30 23:30+00', 1),
    ('T8', 2, 2, '2014-05-31', 5, true, 'approved', '2014-06-06 15:00+00', '2014-06-07 08:00+00', 1),
    ('T9', 2, 2, '2014-07-01', 5, true, 'draft', null, null, null);
