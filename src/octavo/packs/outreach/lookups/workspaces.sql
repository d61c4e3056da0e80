select code as value, name as label from outreach.workspace order by code
