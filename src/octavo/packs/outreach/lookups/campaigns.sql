select code as value, name as label from outreach.campaign order by code
