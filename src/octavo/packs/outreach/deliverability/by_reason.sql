select outcome as bounce, coalesce(reason, 'not told') as reason, count(*) as bounces
from base
where sent > accepted
group by 1, 2
order by bounces desc, bounce, reason
