select start_date, end_date from energy.billing_period where id = octavo.get_latest_completed_billing_period()
