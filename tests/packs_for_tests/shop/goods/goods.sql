-- A third of the rows lies in each group and each of two currencies comes in turn; 100 %% of it is made up.
select 'group ' || (number - 1) * 3 / greatest(%(rows)s, 1) as "group",
       number,
       'Buyer ' || number as buyer,
       number * 0.125 as weight,
       'kg' as unit,
       number * 1.01 as price,
       case number %% 2 when 0 then 'EUR' else 'GBP' end as currency,
       5.5 as discount,
       date '2024-01-01' + number as sold_on,
       timestamptz '2024-01-01 12:00:00.25+00' + number * interval '1 hour' as sold_at,
       number %% 3 = 0 as gift
from generate_series(1, %(rows)s) as number
where (%(colour)s::text is null or %(colour)s = 'red')
  and (%(period_start)s::date is null or date '2024-01-01' + number between %(period_start)s::date and %(period_end)s::date - 1)
order by 1, case %(order)s when 'up' then number else -number end
