select
    line_type,
    currency,
    sum(lines) as lines,
    sum(discrepancies) as discrepancies,
    coalesce(sum(expected_amount), 0) as expected_amount,
    coalesce(sum(received_amount), 0) as received_amount,
    coalesce(sum(received_amount), 0) - coalesce(sum(expected_amount), 0) as variance_amount,
    energy.variance_percent(sum(expected_amount), sum(received_amount)) as variance_percent
from base
group by currency, line_type
order by currency, abs(coalesce(sum(received_amount), 0) - coalesce(sum(expected_amount), 0)) desc, line_type
