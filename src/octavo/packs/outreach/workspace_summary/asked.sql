-- Day by day: no section tells of single messages.
select workspace_code, day, sum(sent)::integer as sent, sum(accepted)::integer as accepted, sum(opened)::integer as opened,
    sum(clicked)::integer as clicked, sum(replied)::integer as replied, sum(unsubscribed)::integer as unsubscribed, sum(complained)::integer as complained
from outreach.messages_asked(%(period_from)s, %(period_until)s, %(workspace_id)s, null, null)
group by workspace_code, day
