select event_type as value, event_type as label from retail.audit_event group by event_type order by event_type
