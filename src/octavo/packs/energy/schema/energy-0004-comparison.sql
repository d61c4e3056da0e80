-- How an expected invoice is held against a received one: the variance, the tolerance, and line against line with none left out.

create function energy.variance_percent(expected numeric, received numeric) returns numeric
language sql immutable parallel safe
as $$
    select round(100 * (coalesce(received, 0) - expected) / nullif(abs(expected), 0), 4)
$$;

comment on function energy.variance_percent(numeric, numeric) is
    'Received less expected in percent of the size of what was expected, so that it has the sign of the variance on credits too; null where nothing or 0 was expected.';

create function energy.exceeds_tolerance(expected numeric, received numeric, tolerance_percent numeric, tolerance_amount numeric, rule text) returns boolean
language sql immutable parallel safe
as $$
    select case rule
        when 'either' then variance > tolerance_amount or (base > 0 and 100 * variance > tolerance_percent * base)
        else variance > tolerance_amount and (base = 0 or 100 * variance > tolerance_percent * base)
    end
    from (select abs(coalesce(received, 0) - coalesce(expected, 0)), abs(coalesce(expected, 0))) as measured (variance, base)
$$;

comment on function energy.exceeds_tolerance(numeric, numeric, numeric, numeric, text) is
    'Whether a variance exceeds both tolerances (rule both) or one of them (rule either). A variance of exactly the tolerance does not exceed it. Where 0 was expected there is no percentage, and the amount decides alone.';

create function energy.compare_invoice_lines(
    billing_period bigint, contract bigint, project bigint, tolerance_percent numeric, tolerance_amount numeric, tolerance_rule text
) returns table (
    invoice_comparison_id bigint, expected_line_number integer, received_line_number integer, match text, line_type text,
    expected_description text, received_description text, cause text, expected_amount numeric, received_amount numeric,
    variance_amount numeric, variance_percent numeric, discrepancy boolean, remark text
)
language sql stable
as $$
    with chosen as (
        select comparison.id, comparison.expected_invoice_header_id, comparison.received_invoice_header_id
        from energy.invoice_comparison as comparison
        join energy.contract as agreement on agreement.id = comparison.contract_id
        where comparison.billing_period_id = billing_period
            and (contract is null or comparison.contract_id = contract)
            and (project is null or agreement.project_id = project)
    ), expected as (
        select chosen.id as comparison_id, line.id as line_id, line.line_number, line.description, line.quantity, line.unit_price, line.line_total,
            type.name as line_type, pair.description as remark
        from chosen
        join energy.expected_invoice_line as line on line.expected_invoice_header_id = chosen.expected_invoice_header_id
        join energy.invoice_line_type as type on type.id = line.invoice_line_type_id
        left join energy.invoice_comparison_line as pair on pair.invoice_comparison_id = chosen.id and pair.expected_invoice_line_id = line.id
    ), received as (
        select chosen.id as comparison_id, line.id as line_id, line.line_number, line.description, line.quantity, line.unit_price, line.line_total,
            type.name as line_type, pair.description as remark, pair.expected_invoice_line_id as answers
        from chosen
        join energy.received_invoice_line as line on line.received_invoice_header_id = chosen.received_invoice_header_id
        left join energy.invoice_line_type as type on type.id = line.invoice_line_type_id
        left join energy.invoice_comparison_line as pair on pair.invoice_comparison_id = chosen.id and pair.received_invoice_line_id = line.id
    )
    select
        coalesce(expected.comparison_id, received.comparison_id),
        expected.line_number,
        received.line_number,
        case when received.line_id is null then 'missing in received' when expected.line_id is null then 'missing in expected' else 'matched' end,
        coalesce(expected.line_type, received.line_type, 'Not classified'),
        expected.description,
        received.description,
        case
            when expected.line_id is null or received.line_id is null or expected.line_total = received.line_total then null
            when expected.quantity = received.quantity and expected.unit_price <> received.unit_price then 'price'
            when expected.quantity <> received.quantity and expected.unit_price = received.unit_price then 'quantity'
            when expected.quantity <> received.quantity and expected.unit_price <> received.unit_price then 'price and quantity'
            else 'amount'
        end,
        expected.line_total,
        received.line_total,
        coalesce(received.line_total, 0) - coalesce(expected.line_total, 0),
        energy.variance_percent(expected.line_total, received.line_total),
        energy.exceeds_tolerance(expected.line_total, received.line_total, tolerance_percent, tolerance_amount, tolerance_rule),
        nullif(coalesce(received.remark, expected.remark), '')
    from expected
    full join received on received.comparison_id = expected.comparison_id and received.answers = expected.line_id
$$;

comment on function energy.compare_invoice_lines(bigint, bigint, bigint, numeric, numeric, text) is
    'Every line of every compared invoice of a billing period exactly once: matched as invoice_comparison_line says, else missing on the other side. A null contract or project means all.';

revoke execute on function energy.variance_percent(numeric, numeric) from public;
revoke execute on function energy.exceeds_tolerance(numeric, numeric, numeric, numeric, text) from public;
revoke execute on function energy.compare_invoice_lines(bigint, bigint, bigint, numeric, numeric, text) from public;
grant execute on function energy.variance_percent(numeric, numeric) to octavo_app, octavo_reader;
grant execute on function energy.exceeds_tolerance(numeric, numeric, numeric, numeric, text) to octavo_app, octavo_reader;
grant execute on function energy.compare_invoice_lines(bigint, bigint, bigint, numeric, numeric, text) to octavo_app, octavo_reader;
