select
    contract.number as contract_number,
    contract.counterparty_name as client_name,
    aged.*
from energy.aged_receivables(%(as_of_end)s::date - 1, %(basis)s, %(credits)s) as aged
join energy.contract on contract.id = aged.contract_id
where (%(project_id)s is null or contract.project_id = %(project_id)s)
    and (%(contract_id)s is null or contract.id = %(contract_id)s)
order by contract.number, aged.currency
