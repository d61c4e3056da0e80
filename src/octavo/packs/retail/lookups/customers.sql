select number as value, coalesce(name, number) as label from retail.customer order by number
