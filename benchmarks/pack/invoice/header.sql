select 'INV-00000042' as invoice_number, date '2026-11-01' as issue_date, date '2026-12-01' as due_date,
       sum(line_total) as subtotal, round(sum(line_total) * 0.2, 2) as tax, sum(line_total) + round(sum(line_total) * 0.2, 2) as total
from bench.line where id <= 20
