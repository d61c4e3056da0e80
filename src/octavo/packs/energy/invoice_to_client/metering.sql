-- Each reading that an invoice rests on stands here once, however many of its lines use it.
select distinct
    header.invoice_number,
    meter.number as meter_number,
    meter.name as meter_name,
    replace(metered.aggregation_type, '_', ' ') as aggregation_type,
    period.start_date as period_start,
    period.end_date as period_end,
    metered.time_zone,
    metered.reading_count as intervals,
    metered.total_value as metered_value,
    metered.unit as metered_unit
from energy.invoice_header as header
join energy.contract on contract.id = header.contract_id
join energy.invoice_line as line on line.invoice_header_id = header.id
join energy.meter_aggregate as metered on metered.id = line.meter_aggregate_id
join energy.meter on meter.id = metered.meter_id
join energy.billing_period as period on period.id = metered.billing_period_id
where header.billing_period_id = %(billing_period_id)s
    and (%(contract_id)s is null or header.contract_id = %(contract_id)s)
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
order by header.invoice_number, meter.number, aggregation_type desc, period.start_date
