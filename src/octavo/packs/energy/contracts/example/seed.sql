-- Asked: the active contracts of project 1. 009 is a draft, 010 has ended, 011 belongs to project 2: three remain, by number.

insert into energy.project (id, name, technology, time_zone) values (1, 'Mühlbach Wind', 'wind', 'Europe/Berlin'), (2, 'Sonnenhof', 'solar', 'Europe/Berlin');

insert into energy.contract (
    id, project_id, number, name, kind, status, counterparty_name, counterparty_address, counterparty_vat_number, currency, start_date, end_date, payment_days
)
values
    (1, 1, '0008', 'Full service', 'operation_and_maintenance', 'active', 'Rotor "Nord" GmbH', 'Hafen 2, Kiel', 'DE999999999', 'EUR', '2014-01-01', '2023-12-31', 14),
    (2, 1, '007', 'Power purchase, "Süd"', 'ppa', 'active', 'Bäckerei Süß, Söhne & Co', E'Hauptstraße 1\n79100 Freiburg', 'DE123456789', 'EUR', '2014-01-01', null, 30),
    (3, 1, '012', 'Land', 'land_lease', 'active', 'Hill, Dale & Co', '', null, 'GBP', '2012-02-29', '2042-02-28', 0),
    (4, 1, '009', 'Insurance', 'insurance', 'draft', 'Fides AG', '', null, 'EUR', '2025-01-01', null, 30),
    (5, 1, '010', 'Asset management', 'asset_management', 'ended', 'Verwaltung GmbH', '', null, 'EUR', '2014-01-01', '2019-12-31', 30),
    (6, 2, '011', 'Power purchase, Aÿ', 'ppa', 'active', 'Aÿ Ltd', '', null, 'EUR', '2014-01-01', null, 30);
