select
    count(distinct stock_code) as products,
    count(*) as items,
    coalesce(sum(quantity), 0) as quantity,
    coalesce(sum(stock_value), 0) as stock_value,
    coalesce(sum(retail_value), 0) as retail_value,
    coalesce(sum(retail_value - stock_value), 0) as potential_profit,
    round(100 * sum(retail_value - stock_value) / nullif(sum(retail_value) filter (where stock_value is not null), 0), 4) as margin,
    round(100 * sum(retail_value - stock_value) / nullif(sum(stock_value) filter (where retail_value is not null), 0), 4) as markup,
    count(*) filter (where status = 'in stock') as in_stock,
    count(*) filter (where status = 'low stock') as low_stock,
    count(*) filter (where status = 'out of stock') as out_of_stock,
    count(*) filter (where quantity < 0) as negative,
    'average cost (AVCO)' as valuation
from base
