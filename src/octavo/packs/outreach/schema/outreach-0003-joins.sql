-- A message always has its campaign, workspace and domain. Joined from the left, each of them is looked up only by a report that tells something of it.

create or replace function outreach.messages_asked(since timestamptz, until timestamptz, workspace text, campaign text, wanted_status text)
returns table (
    workspace_code text, workspace_name text, campaign_id bigint, campaign_code text, campaign_name text, campaign_status text, lead_id bigint,
    domain text, provider text, reason text, day date, outcome text, sent integer, accepted integer, hard_bounces integer, soft_bounces integer,
    block_bounces integer, undetermined_bounces integer, out_of_band_bounces integer, admin_bounces integer,
    opened integer, clicked integer, replied integer, unsubscribed integer, complained integer
)
language sql stable parallel safe
as $$
    select workspace.code, workspace.name, message.campaign_id, campaign.code, campaign.name, campaign.status, message.lead_id, domain.name, message.provider,
        message.reason, message.sent_at::date, message.outcome, (outcome <> 'admin bounce')::integer, (outcome = 'accepted')::integer,
        (outcome = 'hard bounce')::integer, (outcome = 'soft bounce')::integer, (outcome = 'block bounce')::integer,
        (outcome = 'undetermined bounce')::integer, (outcome = 'out-of-band bounce')::integer, (outcome = 'admin bounce')::integer,
        (opens > 0)::integer, (clicks > 0)::integer, (replied_at is not null)::integer, (unsubscribed_at is not null)::integer,
        (complained_at is not null)::integer
    from outreach.message
    left join outreach.campaign on campaign.id = message.campaign_id
    left join outreach.workspace on workspace.id = campaign.workspace_id
    left join outreach.sending_domain as domain on domain.id = message.sending_domain_id
    where (since is null or message.sent_at >= since) and (until is null or message.sent_at < until)
        and (messages_asked.workspace is null or workspace.code = messages_asked.workspace)
        and (messages_asked.campaign is null or campaign.code = messages_asked.campaign)
        and (wanted_status is null or campaign.status = wanted_status)
$$;
