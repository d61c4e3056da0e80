-- The ledger is added up without the buckets, so that the difference proves something.
with aged as (
    select aged.*
    from energy.aged_receivables(%(as_of_end)s::date - 1, %(basis)s, %(credits)s) as aged
    join energy.contract on contract.id = aged.contract_id
    where (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or contract.id = %(contract_id)s)
), booked as (
    select header.currency, amount.total as invoiced, 0 as paid
    from energy.invoice_header as header
    join energy.invoice_amount as amount on amount.invoice_header_id = header.id
    join energy.contract on contract.id = header.contract_id
    where header.issue_date < %(as_of_end)s and header.status <> 'draft'
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or contract.id = %(contract_id)s)
    union all
    select payment.currency, 0, payment.amount
    from energy.payment
    join energy.contract on contract.id = payment.contract_id
    where payment.received_on < %(as_of_end)s
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or contract.id = %(contract_id)s)
), ledger as (
    select count(distinct currency) as currencies, min(currency) as currency, coalesce(sum(invoiced), 0) as invoiced, coalesce(sum(paid), 0) as paid
    from booked
), owed as (
    select coalesce(sum(balance), 0) as balance, coalesce(sum(not_due), 0) as not_due, coalesce(sum(unapplied_credits), 0) as unapplied_credits
    from aged
), figure as (
    select ledger.*, owed.*, owed.balance - owed.not_due - owed.unapplied_credits as past_due, owed.balance - owed.unapplied_credits as in_buckets
    from ledger
    cross join owed
)
select
    %(as_of_end)s::date - 1 as as_of,
    case when currencies = 1 then currency end as currency,
    case when currencies <= 1 then balance end as balance,
    case when currencies <= 1 then past_due end as past_due,
    case when currencies <= 1 then round(100 * past_due / nullif(in_buckets, 0), 1) end as past_due_percent,
    case when currencies <= 1 then unapplied_credits end as unapplied_credits,
    (
        select days
        from energy.countback_days(%(as_of_end)s::date - 1, %(contract_id)s, %(project_id)s) as counted
        where figure.currencies = 1 and counted.currency = figure.currency
    ) as days_outstanding,
    case when currencies <= 1 then invoiced end as invoiced,
    case when currencies <= 1 then paid end as paid,
    case when currencies <= 1 then balance - (invoiced - paid) end as difference
from figure
