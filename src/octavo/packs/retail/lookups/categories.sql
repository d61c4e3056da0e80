select category as value, category as label from retail.product where category is not null group by category order by category
