-- A shop that does not exist: 3 stores, 60 customers, 80 products, 400 sales over the 14 months up to yesterday, what came back, what was sold on
-- account, the stock that moved, and what people did; customers and sales times %(factor)s.
-- Everything is drawn from seed %(seed)s (1: a home-ware shop in Germany, 2: a stationer in the United Kingdom). Tax is 20 per cent.

select octavo.refuse('the sample shop needs an organization without sales of its own') where exists (select from retail.sale);

create function pg_temp.draw(what text, choices integer) returns integer language sql immutable
return mod(('x' || left(md5(concat_ws('/', %(seed)s, what)), 8))::bit(32)::bigint, choices)::integer;

create function pg_temp.times(n integer) returns integer language sql stable
return n * %(factor)s;

create function pg_temp.digits(n bigint, fewest integer) returns text language sql immutable
return lpad(n::text, greatest(fewest, length(n::text)), '0');

insert into retail.store (code, name)
select code, case %(seed)s when 1 then german else british end
from (values ('S1', 'Speicherstadt', 'Albert Dock'), ('S2', 'Altona', 'Bold Street'), ('S3', 'Lübeck', 'Chester')) as place (code, german, british);

insert into retail.customer (number, name)
select pg_temp.digits(n, 4),
    (array['Amelia', 'Björn', 'Chiara', 'Dmitri', 'Elif', 'Françoise', 'George', 'Hana', 'Ingrid', 'João'])[1 + pg_temp.draw('first ' || n, 10)]
    || ' ' ||
    (array['Ackermann', 'Brown', 'Castellano', 'Dubois', 'Eriksen', 'Fischer', 'García', 'Hughes', 'Ivanova', 'Janssen', 'Kowalska', 'O''Neill'])[1 + pg_temp.draw('last ' || n, 12)]
from generate_series(1, pg_temp.times(60)) as n;

insert into retail.product (stock_code, name, category, unit_cost, unit_price)
select stock_code, name, category, unit_cost, round(unit_cost * (150 + pg_temp.draw('markup ' || stock_code, 90)) / 100, 1) - 0.05
from (
    select lpad((kind.n * 100 + style.n)::text, 4, '0') as stock_code, concat(style.name, ' ', kind.name) as name, kind.category,
        round((80 + pg_temp.draw(concat('cost ', kind.n, ' ', style.n), 900)) / 100.0, 2) as unit_cost
    from (values
        (1, 1, 'lantern', 'Light'), (1, 2, 'table lamp', 'Light'), (1, 3, 'tea towel', 'Kitchen'), (1, 4, 'bread bin', 'Kitchen'),
        (1, 5, 'teapot, 0.8 l', 'Kitchen'), (1, 6, 'cushion', 'Textiles'), (1, 7, 'throw', 'Textiles'), (1, 8, 'picture frame', 'Walls'),
        (1, 9, 'wall clock', 'Walls'), (1, 10, 'storage basket', 'Storage'),
        (2, 1, 'notebook', 'Paper'), (2, 2, 'card 7" x 5"', 'Paper'), (2, 3, 'wrapping paper, 2 m', 'Paper'), (2, 4, 'fountain pen', 'Writing'),
        (2, 5, 'pencil set', 'Writing'), (2, 6, 'ink bottle', 'Writing'), (2, 7, 'desk tray', 'Desk'), (2, 8, 'ring binder', 'Desk'),
        (2, 9, 'calendar', 'Calendars'), (2, 10, 'pocket diary', 'Calendars')
    ) as kind (seed, n, name, category)
    cross join (values (1, 'Blue'), (2, 'Café crème'), (3, 'Coral'), (4, 'Forest green'), (5, 'Ivory'), (6, 'Midnight'), (7, 'Ochre'), (8, 'Slate')) as style (n, name)
    where kind.seed = %(seed)s
) as assortment;
