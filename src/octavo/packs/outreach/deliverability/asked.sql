select *
from outreach.messages_asked(%(period_from)s, %(period_until)s, %(workspace_id)s, %(campaign_id)s, %(status)s)
