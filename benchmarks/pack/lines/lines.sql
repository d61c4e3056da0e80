select * from bench.line where id <= %(rows)s order by id
