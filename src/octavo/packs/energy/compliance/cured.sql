select *, cured_on - coalesce(notice_date, occurred_on) as days_to_cure
from base
where cured_on >= %(as_of_end)s::date - 1 - %(cured_days)s
order by cured_on desc, breach_reference
