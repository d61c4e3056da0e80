-- June 2014 in London, from which the examples of all reports of this pack are derived.
--
--   message  campaign  lead  domain  provider   sent (London)      became             opens  clicks  and
--   1        K1        L1    a       gmail       1 June, 00:30     accepted               3       1  replied
--   2        K1        L2    a       own server  2 June            hard bounce
--   3        K1        L3    b       gmail       2 June            accepted               1
--   4        K1        L1    a       gmail       3 June            admin bounce: never sent
--   5        K1        L3    b       gmail       5 June            soft bounce
--   6        K2        L4    b       outlook    10 June            accepted                          complained
--   7        K2        L4    b       outlook    12 June            block bounce
--   8        K2        L4    b       outlook    14 June            out-of-band bounce
--   9        K2        L4    a       own server 16 June            undetermined bounce
--   10       K1        L2    a       own server 20 June            accepted                          unsubscribed
--   11       K1        L1    a       gmail       1 July, 00:00     accepted: not of June
--
-- Sent 9 (not message 4), accepted 4, opened 2, clicked 1, replied 1, unsubscribed 1, complained 1; one bounce of each kind.
-- K1: sent 5, accepted 3, opened 2. K2: sent 4, accepted 1, opened 0, so that nothing can be said of clicks among the opened.
-- Domain a: sent 4, accepted 2; b: sent 5, accepted 2. Each provider: sent 3; accepted gmail 2, outlook 1, own server 1.
-- W3 has neither campaign nor lead, and so no rates.

insert into outreach.workspace (id, code, name) values (1, 'W1', 'Küste'), (2, 'W2', 'Berge'), (3, 'W3', 'Täler');
insert into outreach.sending_domain (id, name) values (1, 'a.example.org'), (2, 'b.example.org');

insert into outreach.campaign (id, code, workspace_id, name, status, starts_on, ends_on, created_at)
values
    (1, 'K1', 1, 'Möwen, "neu"', 'active', '2014-06-01', null, '2014-05-25 08:00+00'),
    (2, 'K2', 2, 'Gipfel', 'paused', '2014-06-10', '2014-06-30', '2014-06-08 08:00+00'),
    (3, 'K3', 1, 'Ebbe', 'draft', null, null, '2014-06-09 08:00+00');

insert into outreach.lead (id, number, workspace_id, email, first_name, last_name, company, job_title, country, source, status, created_at)
values
    (1, 'L1', 1, 'anna@example.org', 'Anna', 'Weiß', 'Hafen GmbH', 'Buyer', 'Germany', 'fair', 'replied', '2014-05-20 08:00+00'),
    (2, 'L2', 1, 'bo@example.org', 'Bo', 'Özil', 'Kai, Pier & Co', null, 'Germany', 'list', 'unsubscribed', '2014-06-01 08:00+00'),
    (3, 'L3', 1, 'cy@example.org', 'Cy', 'O''Dea', 'Reef Ltd', 'Director', 'Ireland', 'fair', 'contacted', '2014-06-01 09:00+00'),
    (4, 'L4', 2, 'di@example.org', 'Di', 'Fell', null, null, null, 'referral', 'unsubscribed', '2014-06-09 08:00+00'),
    (5, 'L5', 2, 'ed@example.org', null, null, 'Peak plc', null, 'Austria', 'web form', 'new', '2014-06-10 08:00+00');

insert into outreach.message (campaign_id, lead_id, sending_domain_id, provider, sent_at, outcome, reason, opens, clicks, replied_at, unsubscribed_at, complained_at)
values
    (1, 1, 1, 'gmail', '2014-05-31 23:30+00', 'accepted', null, 3, 1, '2014-06-02 09:00+00', null, null),
    (1, 2, 1, 'own server', '2014-06-02 09:00+00', 'hard bounce', 'userunknown', 0, 0, null, null, null),
    (1, 3, 2, 'gmail', '2014-06-02 10:00+00', 'accepted', null, 1, 0, null, null, null),
    (1, 1, 1, 'gmail', '2014-06-03 10:00+00', 'admin bounce', 'suppressed', 0, 0, null, null, null),
    (1, 3, 2, 'gmail', '2014-06-05 10:00+00', 'soft bounce', 'mailboxfull', 0, 0, null, null, null),
    (2, 4, 2, 'outlook', '2014-06-10 10:00+00', 'accepted', null, 0, 0, null, null, '2014-06-10 12:00+00'),
    (2, 4, 2, 'outlook', '2014-06-12 10:00+00', 'block bounce', 'blocked', 0, 0, null, null, null),
    (2, 4, 2, 'outlook', '2014-06-14 10:00+00', 'out-of-band bounce', null, 0, 0, null, null, null),
    (2, 4, 1, 'own server', '2014-06-16 10:00+00', 'undetermined bounce', null, 0, 0, null, null, null),
    (1, 2, 1, 'own server', '2014-06-20 10:00+00', 'accepted', null, 0, 0, null, '2014-06-20 12:00+00', null),
    (1, 1, 1, 'gmail', '2014-06-30 23:00+00', 'accepted', null, 1, 0, null, null, null);
