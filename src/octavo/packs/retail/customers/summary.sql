select
    count(*) as customers,
    count(*) filter (where customer_type = 'retail') as retail,
    count(*) filter (where customer_type = 'wholesale') as wholesale,
    count(*) filter (where active) as active,
    count(*) filter (where credit_status = 'blocked') as blocked,
    count(*) filter (where balance > 0) as owing,
    count(*) filter (where balance > credit_limit) as over_limit,
    coalesce(sum(balance), 0) as balance,
    coalesce(sum(overdue), 0) as overdue,
    coalesce(sum(days_0_30), 0) as days_0_30,
    coalesce(sum(days_31_60), 0) as days_31_60,
    coalesce(sum(days_61_90), 0) as days_61_90,
    coalesce(sum(over_90), 0) as over_90,
    coalesce(sum(unapplied_credits), 0) as unapplied_credits,
    coalesce(sum(credit_limit), 0) as credit_limits
from base
