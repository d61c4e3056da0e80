select contract_number || ' ' || contract_name as contract, line_number, kind, description, quantity, unit, unit_price, currency, amount
from base
order by contract_number, line_number
