select code as value, name as label from retail.store order by code
