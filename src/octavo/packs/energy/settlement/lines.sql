select
    contract.number || ' ' || contract.name as contract,
    line.line_number,
    line.kind,
    line.description,
    line.quantity,
    line.unit,
    line.unit_price,
    contract.currency,
    line.amount
from energy.settlement_lines(%(billing_period_id)s, %(contract_id)s, %(project_id)s) as line
join energy.contract on contract.id = line.contract_id
order by contract.number, line.line_number
