with total as (
    select coalesce(sum(sent), 0) as sent, coalesce(sum(accepted), 0) as accepted, coalesce(sum(opened), 0) as opened,
        coalesce(sum(clicked), 0) as clicked, coalesce(sum(replied), 0) as replied
    from base
)
select step, messages, outreach.rate(messages, sent) as of_sent, case when place > 1 then outreach.rate(messages, accepted) end as of_accepted
from total
cross join lateral (values (1, 'Sent', sent), (2, 'Accepted', accepted), (3, 'Opened', opened), (4, 'Clicked', clicked), (5, 'Replied', replied)) as reached (place, step, messages)
order by place
