select value, label from (values ('red', 'Red'), ('blue', 'Blue')) as colour (value, label) order by value
