select
    contract.number as contract_number,
    contract.name as contract_name,
    project.name as project_name,
    contract.kind,
    contract.status,
    contract.counterparty_name,
    contract.counterparty_address,
    contract.counterparty_vat_number,
    contract.currency,
    contract.start_date,
    contract.end_date,
    contract.payment_days
from energy.contract
join energy.project on project.id = contract.project_id
where (%(project_id)s is null or contract.project_id = %(project_id)s)
    and (%(status)s::text is null or contract.status = %(status)s)
    and (%(kind)s::text is null or contract.kind = %(kind)s)
order by contract.number
