select
    contract.number || ', ' || contract.counterparty_name as client,
    item.kind,
    item.reference,
    item.entry_date,
    item.due_date,
    aged.days,
    case
        when item.kind <> 'invoice' and %(credits)s = 'separate' then 'Unapplied credits'
        when item.kind <> 'invoice' and %(credits)s = 'current' then 'Current'
        when item.kind <> 'invoice' and %(credits)s = 'oldest_first' then 'Oldest first'
        when aged.days <= 0 then 'Current'
        when aged.days <= 30 then '1–30'
        when aged.days <= 60 then '31–60'
        when aged.days <= 90 then '61–90'
        when aged.days <= 120 then '91–120'
        else 'Over 120'
    end as bucket,
    item.currency,
    item.amount,
    item.applied,
    item.open_amount
from energy.receivables(%(as_of_end)s::date - 1) as item
join energy.contract on contract.id = item.contract_id
cross join lateral (select %(as_of_end)s::date - 1 - case %(basis)s when 'invoice' then item.entry_date else item.due_date end) as aged (days)
where item.open_amount <> 0
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
    and (%(contract_id)s is null or contract.id = %(contract_id)s)
order by contract.number, item.currency, item.due_date, item.kind, item.reference
