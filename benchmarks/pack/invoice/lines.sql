select id, description, quantity, unit_price, line_total from bench.line where id <= 20 order by id
