select user_id as value, max(user_name) as label from retail.audit_event where user_id is not null group by user_id order by user_id
