select code as value, name as label from services.customer order by code
