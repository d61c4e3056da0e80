select count(*) as goods, max(number * 1.01) as dearest, min(date '2024-01-01' + number) as first_day
from generate_series(1, %(rows)s) as number;
