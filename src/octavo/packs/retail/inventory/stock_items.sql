select *, retail_value - stock_value as potential_profit,
    round(100 * (unit_price - unit_cost) / nullif(unit_price, 0), 4) as margin,
    round(100 * (unit_price - unit_cost) / nullif(unit_cost, 0), 4) as markup
from base
order by store_code, stock_code
