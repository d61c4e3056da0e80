-- Asked: as of 31 July 2014 (the last day of July), 30 days ahead (to 30 August), cured in the last 31 days (since 30 June).
--
--   B-1  cured on 20 July, within 30 calendar days of 1 July (31 July): cured, in 19 days
--   B-2  notice Thursday 10 July, 10 business days: 11, 15, 16, 17, 18, 21, 22, 23, 24, 25 July (Monday 14 is a holiday in France): overdue by 6
--   B-3  notice 30 July, 30 days: 29 August, 29 days left; that it will be cured on 2 August is not known yet
--   B-4  no notice yet; it comes on 1 August
--   B-5  cured on 29 June: too long ago to be listed
--   B-6  cured late: notice 1 June, 30 days to 1 July, cured on 2 July, after 31 days
--   B-7  clause without a time to cure: open
--   B-8  of 1 August: not known yet
--   B-9  notice 1 June, so 1 July, but 31 December was agreed: in cure
--
-- Not cured: B-2, B-3, B-4, B-7, B-9. Cured: B-1 in time, B-6 late: 50 %. Seven breaches: 1/7 is 14.2857 %, 2/7 is 28.5714 %.
-- Due until 30 August: B-2, B-3 (B-9 is due later), the certificate of 15 July (past due), the report of 30 August; that of 31 August is too far,
-- the one of June is done; the one that was done on 1 August is not done yet.

insert into energy.project (id, name, country, time_zone) values (1, 'Dunkerque', 'FR', 'Europe/Paris'), (2, 'Other', 'DE', 'Europe/Berlin');

insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date)
values
    (1, 1, '007', 'Power purchase', 'ppa', 'Verrerie "du Nord", SA', 'EUR', '2014-01-01'),
    (2, 2, '009', 'Not asked', 'ppa', 'Other', 'EUR', '2014-01-01');

insert into energy.clause (id, contract_id, reference, title, kind, cure_days, cure_days_kind)
values
    (1, 1, '7.2', 'Availability', 'availability', 30, 'calendar'),
    (2, 1, '9.1', 'Payment', 'payment', 10, 'business'),
    (3, 1, '11', 'Reports', 'reporting', null, null),
    (4, 2, '7.2', 'Availability', 'availability', 30, 'calendar');

insert into energy.holiday (country, day, name) values ('FR', '2014-07-14', 'Fête nationale'), ('DE', '2014-07-15', 'not in France');

insert into energy.breach (clause_id, reference, title, occurred_on, notice_date, extended_to, cured_on, remark)
values
    (1, 'B-1', 'Availability of June', '2014-06-30', '2014-07-01', null, '2014-07-20', ''),
    (2, 'B-2', 'Invoice 0042 not paid', '2014-07-08', '2014-07-10', null, null, 'Promised, "next week"'),
    (1, 'B-3', 'Availability of July', '2014-07-28', '2014-07-30', null, '2014-08-02', ''),
    (1, 'B-4', 'Fence broken', '2014-07-29', '2014-08-01', null, null, ''),
    (1, 'B-5', 'Availability of April', '2014-05-01', '2014-05-05', null, '2014-06-29', ''),
    (1, 'B-6', 'Availability of May', '2014-06-01', '2014-06-01', null, '2014-07-02', ''),
    (3, 'B-7', 'Report late', '2014-07-11', '2014-07-12', null, null, ''),
    (1, 'B-8', 'Not yet', '2014-08-01', null, null, null, ''),
    (1, 'B-9', 'Gearbox', '2014-06-01', '2014-06-01', '2014-12-31', null, ''),
    (4, 'B-10', 'Another plant', '2014-06-01', '2014-06-01', null, null, '');

insert into energy.obligation (clause_id, title, due_date, fulfilled_on)
values
    (3, 'Report of June', '2014-06-30', '2014-06-28'),
    (3, 'Insurance certificate', '2014-07-15', null),
    (3, 'Report of July', '2014-08-05', '2014-08-01'),
    (3, 'Half-yearly report', '2014-08-30', null),
    (3, 'Report of August', '2014-08-31', null),
    (4, 'Another plant', '2014-08-01', null);
