select category, count(*) as items, sum(quantity) as quantity, sum(stock_value) as stock_value, sum(retail_value) as retail_value
from base
group by category
order by stock_value desc nulls last, category
