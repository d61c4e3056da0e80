select domain, provider, outcome, reason, day, sent, accepted, hard_bounces, soft_bounces, block_bounces, undetermined_bounces, out_of_band_bounces, admin_bounces,
    unsubscribed, complained
from outreach.messages_asked(%(period_from)s, %(period_until)s, %(workspace_id)s, %(campaign_id)s, %(status)s)
