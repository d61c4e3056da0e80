select
    contract_number || ' clause ' || clause_reference || ', ' || clause_title as guarantee,
    month,
    time_zone,
    covered_percent,
    net_mwh,
    lost_mwh,
    excused_mwh,
    excused_hours,
    curtailed_mwh,
    measured,
    guaranteed_value,
    unit,
    missing,
    factor_percent,
    currency,
    uncapped,
    case when is_payable then damages end as payable,
    case when not is_payable then damages end as receivable,
    coalesce(missing > 0, false) as below
from base
order by contract_number, clause_reference, month
