select code as value, name as label from services.project order by code
