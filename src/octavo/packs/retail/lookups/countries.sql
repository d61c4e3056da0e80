select country as value, country as label from retail.sale group by country order by country
