-- What is settled besides energy and damages.

insert into energy.adjustment (contract_id, billing_period_id, invoice_line_type_id, position, description, quantity, unit, unit_price, amount)
select month.contract_id, month.billing_period_id, type.id, line.position, line.description, line.quantity, line.unit, line.unit_price, round(line.quantity * line.unit_price, 2)
from sample_month as month
cross join lateral (
    values
        (1, 'certificates', 'Guarantees of origin', trunc(net_mwh), 'certificates', 1.85),
        (2, 'balancing', 'Balancing costs, borne by the seller', net_mwh, 'MWh', -2.10),
        (3, 'metering', 'Metering service', case when mod(month, 3) = 0 then 1 end, 'quarter', 240.00),
        (4, 'correction', 'Correction of meter data of the year before, "final" values', case when month = 1 then round(-9 * pg_temp.noise(number || start_date), 3) end, 'MWh', price)
) as line (position, code, description, quantity, unit, unit_price)
join energy.invoice_line_type as type on type.code = line.code
where month.kind = 'ppa' and line.quantity is not null
order by month.start_date, month.number, line.position;


-- Invoices to the clients.

insert into energy.invoice_header (contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency, note)
select
    contract_id, billing_period_id,
    to_char(start_date, 'YYYY') || '-' || to_char(row_number() over (partition by extract(year from start_date) order by start_date, number), case when %(factor)s > 50 then 'FM0000000' else 'FM0000' end),
    issued, issued + 30,
    'issued',
    currency,
    case when month = 1 then 'The energy price was indexed by 1.5 percent on 1 January (clause 4.1).' else '' end
from sample_month
cross join lateral (select least(end_date + 5, current_date) as issued) as day
where kind = 'ppa'
order by start_date, number;

insert into energy.invoice_line (
    invoice_header_id, line_number, invoice_line_type_id, clause_tariff_id, meter_aggregate_id, description, quantity, unit, unit_price, line_total, tax_rate
)
select
    header.id, row_number() over (partition by header.id order by line.position), type.id, line.tariff_id, line.aggregate_id, line.description,
    line.quantity, line.unit, line.unit_price, round(line.quantity * line.unit_price, 2), line.tax_rate
from sample_month as month
join energy.invoice_header as header on header.contract_id = month.contract_id and header.billing_period_id = month.billing_period_id
cross join lateral (
    select 1 as position, 'energy' as code, 'Energy delivered, ' || month.period_name as description, month.net_mwh as quantity, 'MWh' as unit, month.price as unit_price,
        month.tax_rate, month.tariff_id, month.net_id as aggregate_id
    union all
    select 2, 'deemed', 'Energy not delivered because the grid operator curtailed the plant', nullif(month.curtailed_mwh, 0), 'MWh', month.price, month.tax_rate,
        month.deemed_id, month.curtailed_id
    union all
    select 2 + adjustment.position, kind.code, adjustment.description, adjustment.quantity, adjustment.unit, adjustment.unit_price, month.tax_rate, null,
        case when kind.code in ('certificates', 'balancing') then month.net_id end
    from energy.adjustment
    join energy.invoice_line_type as kind on kind.id = adjustment.invoice_line_type_id
    where adjustment.contract_id = month.contract_id and adjustment.billing_period_id = month.billing_period_id
    union all
    select 9, 'damages', 'Liquidated damages, availability of ' || month.measured || ' percent (clause 7.2)', 1, 'month', -nullif(month.damages, 0), 0, null, null
) as line
join energy.invoice_line_type as type on type.code = line.code
where line.quantity is not null and line.unit_price is not null
order by header.id, line.position;


-- What the contractors should bill.

insert into energy.expected_invoice_header (contract_id, billing_period_id, reference, due_date, currency)
select contract_id, billing_period_id, 'EXP-' || to_char(start_date, 'YYYY-MM') || '-' || number, end_date + 40, currency
from sample_month
where kind = 'operation_and_maintenance'
order by start_date, number;

insert into energy.expected_invoice_line (
    expected_invoice_header_id, line_number, invoice_line_type_id, clause_tariff_id, meter_aggregate_id, description, calculation,
    quantity, unit, unit_price, line_total, tax_rate
)
select
    header.id, row_number() over (partition by header.id order by line.position), type.id, line.tariff_id, line.aggregate_id, line.description, line.calculation,
    line.quantity, line.unit, line.unit_price, round(line.quantity * line.unit_price, 2), month.tax_rate
from sample_month as month
join energy.expected_invoice_header as header on header.contract_id = month.contract_id and header.billing_period_id = month.billing_period_id
cross join lateral (
    values
        (1, 'service', 'Fixed service fee', 'Clause 4.1, a month', 1.0, 'month', price, tariff_id, null),
        (2, 'variable', 'Variable fee on energy delivered', 'Clause 4.1, net energy of the revenue meter in MWh', net_mwh, 'MWh', variable_price, variable_id, net_id),
        (3, 'inspection', 'Half-yearly inspection', 'Two visits in March and September', case when month in (3, 9) then 2 end, 'visits', 1850.00, null, null),
        (4, 'material', 'Consumables, flat', 'Annex B', 1, 'month', 320.00, null, null),
        (5, 'bonus', 'Availability bonus', 'Clause 4.1, 2 percent of the fixed fee from 98.5 percent up', case when measured >= 98.5 then 1 end,
            'month', round(0.02 * price, 2), null, null),
        (6, 'damages', 'Availability damages', 'Clause 7.2, measured ' || measured || ' percent', case when damages <> 0 then 1 end, 'month', -damages, null, null)
) as line (position, code, description, calculation, quantity, unit, unit_price, tariff_id, aggregate_id)
join energy.invoice_line_type as type on type.code = line.code
where line.quantity is not null
order by header.id, line.position;


-- What they billed: mostly that. Some lines are left out, some cost or count more, some nobody expected.

create temporary table sample_received on commit drop as
with copied as (
    select
        expected.contract_id, expected.billing_period_id, line.id as expected_line_id, line.line_number as position, line.invoice_line_type_id as type_id,
        line.description, line.unit, line.tax_rate, chance,
        case when line.description like 'Variable%%' and pg_temp.noise(chance || 'count') < 0.3 then round(line.quantity * (1.02 + 0.06 * pg_temp.noise(chance || 'more')), 3)
            else line.quantity end as quantity,
        case when line.unit_price > 0 and pg_temp.noise(chance || 'price') < 0.2 then round(line.unit_price * (1.02 + 0.06 * pg_temp.noise(chance || 'dear')), 2)
            else line.unit_price end as unit_price
    from energy.expected_invoice_header as expected
    join energy.expected_invoice_line as line on line.expected_invoice_header_id = expected.id
    cross join lateral (select concat_ws('|', %(seed)s, expected.reference, line.description) as chance) as dice
)
select
    contract_id, billing_period_id, expected_line_id, position, type_id, description, quantity, unit, unit_price, tax_rate,
    round(quantity * unit_price, 2) + case when pg_temp.noise(chance || 'cent') < 0.08 then 0.01 else 0 end as line_total
from copied
where position = 1 or pg_temp.noise(chance || 'forgotten') >= 0.09
union all
select
    month.contract_id, month.billing_period_id, null, extra.position, type.id, extra.description, extra.quantity, extra.unit, extra.unit_price, month.tax_rate,
    coalesce(round(extra.quantity * extra.unit_price, 2), extra.lump_sum)
from sample_month as month
cross join lateral (select concat_ws('|', %(seed)s, month.number, month.start_date) as chance) as dice
cross join lateral (
    values
        (90, 'call_out', 'Emergency call-out, "converter trip"', round(2 + 8 * pg_temp.noise(chance || 'hours'), 1), 'hours', 135.00, null, 0.25),
        (91, null, 'Crane, lump sum', null, null, null, 14800.00, 0.06)
) as extra (position, code, description, quantity, unit, unit_price, lump_sum, probability)
left join energy.invoice_line_type as type on type.code = extra.code
where month.kind = 'operation_and_maintenance' and pg_temp.noise(chance || extra.description) < extra.probability;

insert into energy.received_invoice_header (
    contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, status, currency, stated_tax, stated_total
)
select
    month.contract_id, month.billing_period_id,
    case when month.number like '%%1' then lpad((412 + row_number() over (partition by month.number order by month.start_date))::text, 6, '0')
        else 'S' || to_char(month.start_date, 'YYYY/MM') end,
    dated, least(dated + 1 + (6 * pg_temp.noise(chance))::integer, current_date), dated + 30,
    case when dated < current_date - 45 then 'paid' else 'in_review' end,
    month.currency, amount.tax, amount.net + amount.tax + case when pg_temp.noise(chance || 'slip') < 0.05 then 10 else 0 end
from sample_month as month
cross join lateral (select concat_ws('|', %(seed)s, month.number, month.start_date) as chance, least(month.end_date + 3, current_date) as dated) as dice
join lateral (
    select sum(line_total) as net, round(sum(line_total) * month.tax_rate / 100, 2) as tax
    from sample_received as line
    where line.contract_id = month.contract_id and line.billing_period_id = month.billing_period_id
) as amount on amount.net is not null
order by month.start_date, month.number;

insert into energy.received_invoice_line (
    received_invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate
)
select
    header.id, row_number() over (partition by header.id order by line.position), line.type_id, line.description,
    line.quantity, line.unit, line.unit_price, line.line_total, line.tax_rate
from sample_received as line
join energy.received_invoice_header as header on header.contract_id = line.contract_id and header.billing_period_id = line.billing_period_id
order by header.id, line.position;


-- Expected against received. Each received line answers the expected one of its description; what is left over gets a remark.

insert into energy.invoice_comparison (contract_id, billing_period_id, currency, expected_invoice_header_id, received_invoice_header_id, status)
select
    expected.contract_id, expected.billing_period_id, expected.currency, expected.id, received.id,
    case when expected_lines.totals = received_lines.totals then 'matched'
        when received.status = 'paid' then 'accepted'
        when pg_temp.noise(expected.reference) < 0.5 then 'disputed'
        else 'open' end
from energy.expected_invoice_header as expected
join energy.received_invoice_header as received on received.contract_id = expected.contract_id and received.billing_period_id = expected.billing_period_id
cross join lateral (
    select array_agg(line_total order by description) as totals from energy.expected_invoice_line where expected_invoice_header_id = expected.id
) as expected_lines
cross join lateral (
    select array_agg(line_total order by description) as totals from energy.received_invoice_line where received_invoice_header_id = received.id
) as received_lines
order by expected.reference;

insert into energy.invoice_comparison_line (invoice_comparison_id, expected_invoice_line_id, received_invoice_line_id, description)
select
    comparison.id, expected.id, received.id,
    case when received.id is null then 'Not billed; the contractor was asked' when expected.id is null then 'Not in the contract; the order was asked for' else '' end
from (
    select comparison.id as comparison_id, line.*
    from energy.invoice_comparison as comparison
    join energy.expected_invoice_line as line on line.expected_invoice_header_id = comparison.expected_invoice_header_id
) as expected
full join (
    select comparison.id as comparison_id, line.*
    from energy.invoice_comparison as comparison
    join energy.received_invoice_line as line on line.received_invoice_header_id = comparison.received_invoice_header_id
) as received on received.comparison_id = expected.comparison_id and received.description = expected.description
join energy.invoice_comparison as comparison on comparison.id = coalesce(expected.comparison_id, received.comparison_id)
order by comparison.id, expected.line_number, received.line_number;
