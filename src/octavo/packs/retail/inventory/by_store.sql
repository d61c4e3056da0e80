select store_code, store_name, count(*) as items, sum(quantity) as quantity, sum(stock_value) as stock_value, sum(retail_value) as retail_value
from base
group by store_code, store_name
order by stock_value desc nulls last, store_code
