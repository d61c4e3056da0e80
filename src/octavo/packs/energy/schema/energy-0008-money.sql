-- What is owed, since when; what was earned and spent; what a billing period is settled with.

create view energy.invoice_amount with (security_invoker = true) as
select organization_id, invoice_header_id, sum(lines)::bigint as lines, sum(taxable_amount) as subtotal, sum(tax_amount) as tax, sum(taxable_amount + tax_amount) as total
from (
    select organization_id, invoice_header_id, count(*) as lines, sum(line_total) as taxable_amount, round(sum(line_total) * tax_rate / 100, 2) as tax_amount
    from energy.invoice_line
    group by organization_id, invoice_header_id, tax_rate
) as rate
group by organization_id, invoice_header_id;

comment on view energy.invoice_amount is 'What an invoice to a client comes to: the sum of its lines, and the tax of each rate, rounded once a rate.';
grant select on energy.invoice_amount to octavo_app, octavo_reader;


create function energy.receivables(as_of date)
returns table (contract_id bigint, kind text, reference text, entry_date date, due_date date, currency text, amount numeric, applied numeric, open_amount numeric)
language sql stable
as $$
    with invoice as (
        select header.id, header.contract_id, header.invoice_number, header.issue_date, header.due_date, header.currency, coalesce(amount.total, 0) as total
        from energy.invoice_header as header
        left join energy.invoice_amount as amount on amount.invoice_header_id = header.id
        where header.issue_date <= as_of and header.status <> 'draft'
    ), payment as (
        select * from energy.payment where payment.received_on <= as_of
    ), allocation as (
        select 'payment' as source, allocation.payment_id as source_id, allocation.invoice_header_id, allocation.amount
        from energy.payment_allocation as allocation
        join payment on payment.id = allocation.payment_id
        join invoice on invoice.id = allocation.invoice_header_id
        where allocation.allocated_on <= as_of
        union all
        select 'credit', allocation.credit_header_id, allocation.invoice_header_id, allocation.amount
        from energy.credit_allocation as allocation
        join invoice as credit on credit.id = allocation.credit_header_id
        join invoice on invoice.id = allocation.invoice_header_id
        where allocation.allocated_on <= as_of
    ), received as (
        select invoice_header_id, sum(amount) as amount from allocation group by invoice_header_id
    ), given as (
        select source, source_id, sum(amount) as amount from allocation group by source, source_id
    )
    select
        invoice.contract_id, case when invoice.total < 0 then 'credit note' else 'invoice' end, invoice.invoice_number, invoice.issue_date, invoice.due_date,
        invoice.currency, invoice.total, coalesce(received.amount, 0) - coalesce(given.amount, 0),
        invoice.total - coalesce(received.amount, 0) + coalesce(given.amount, 0)
    from invoice
    left join received on received.invoice_header_id = invoice.id
    left join given on given.source = 'credit' and given.source_id = invoice.id
    union all
    select
        payment.contract_id, 'payment', payment.reference, payment.received_on, payment.received_on, payment.currency, -payment.amount,
        -coalesce(given.amount, 0), -payment.amount + coalesce(given.amount, 0)
    from payment
    left join given on given.source = 'payment' and given.source_id = payment.id
$$;

comment on function energy.receivables(date) is
    'The ledger of the clients at the end of a day: every issued invoice and every payment until then, how much of it was applied until then, and what is open. '
    'What was paid or applied later is not known yet. The open amounts add up to the invoices less the payments, because each allocation counts on both of its sides.';

create function energy.aged_receivables(as_of date, basis text, credits text)
returns table (
    contract_id bigint, currency text, not_due numeric, days_30 numeric, days_60 numeric, days_90 numeric, days_120 numeric, days_over_120 numeric,
    unapplied_credits numeric, balance numeric
)
language sql stable
as $$
    with entry as (
        select *, as_of - case basis when 'invoice' then entry_date else due_date end as days,
            kind <> 'invoice' and credits <> 'own_date' as is_credit
        from energy.receivables(as_of)
    ), bucket as (
        select
            contract_id, currency,
            coalesce(sum(open_amount) filter (where not is_credit and days <= 0), 0) as b0,
            coalesce(sum(open_amount) filter (where not is_credit and days between 1 and 30), 0) as b30,
            coalesce(sum(open_amount) filter (where not is_credit and days between 31 and 60), 0) as b60,
            coalesce(sum(open_amount) filter (where not is_credit and days between 61 and 90), 0) as b90,
            coalesce(sum(open_amount) filter (where not is_credit and days between 91 and 120), 0) as b120,
            coalesce(sum(open_amount) filter (where not is_credit and days > 120), 0) as b_over,
            coalesce(sum(open_amount) filter (where is_credit), 0) as credit
        from entry
        group by contract_id, currency
        having count(*) filter (where open_amount <> 0) > 0
    ), applied as (
        -- How much of the credits the older buckets use up, the oldest debt first.
        select *,
            least(greatest(b_over, 0), left_over) as t_over,
            least(greatest(b120, 0), greatest(left_over - greatest(b_over, 0), 0)) as t120,
            least(greatest(b90, 0), greatest(left_over - greatest(b_over, 0) - greatest(b120, 0), 0)) as t90,
            least(greatest(b60, 0), greatest(left_over - greatest(b_over, 0) - greatest(b120, 0) - greatest(b90, 0), 0)) as t60,
            least(greatest(b30, 0), greatest(left_over - greatest(b_over, 0) - greatest(b120, 0) - greatest(b90, 0) - greatest(b60, 0), 0)) as t30
        from bucket
        cross join lateral (select case when credits = 'oldest_first' then greatest(-credit, 0) else 0 end) as unapplied (left_over)
    )
    select
        contract_id, currency,
        b0 + case when credits in ('current', 'oldest_first') then credit else 0 end + t30 + t60 + t90 + t120 + t_over,
        b30 - t30, b60 - t60, b90 - t90, b120 - t120, b_over - t_over,
        case when credits = 'separate' then credit else 0 end,
        b0 + b30 + b60 + b90 + b120 + b_over + credit
    from applied
$$;

comment on function energy.aged_receivables(date, text, text) is
    'What each contract''s client owes, by how many days it is past the due or the invoice date. Unapplied credits (credit notes and payments) stand apart (separate), in the '
    'bucket of their own date (own_date), among what is not due (current), or are set against the oldest debt first, the rest among what is not due (oldest_first).';

create function energy.countback_days(as_of date, contract bigint, project bigint)
returns table (currency text, balance numeric, days numeric)
language sql stable
as $$
    with entry as (
        select ledger.currency, ledger.kind, ledger.entry_date, ledger.amount, ledger.open_amount
        from energy.receivables(as_of) as ledger
        join energy.contract as agreement on agreement.id = ledger.contract_id
        where (contract is null or agreement.id = contract) and (project is null or agreement.project_id = project)
    ), owed as (
        select currency, sum(open_amount) as balance, min(entry_date) as first_day from entry group by currency
    ), month as (
        select owed.currency, owed.balance, calendar.month::date as month,
            least(as_of, (calendar.month + interval '1 month' - interval '1 day')::date) - calendar.month::date + 1 as days,
            coalesce((
                select sum(amount) from entry
                where entry.currency = owed.currency and kind <> 'payment' and date_trunc('month', entry_date) = calendar.month
            ), 0) as sales
        from owed
        cross join lateral generate_series(date_trunc('month', owed.first_day::timestamp), as_of::timestamp, interval '1 month') as calendar (month)
    ), summed as (
        select *, sum(sales) over back as sold, sum(month.days) over back as passed from month
        window back as (partition by currency order by month desc)
    ), reached as (
        select distinct on (currency) currency, passed - summed.days + (summed.balance - (sold - sales)) / sales * summed.days as days
        from summed
        where sold >= summed.balance and sales > 0
        order by currency, month desc
    )
    select owed.currency, owed.balance, case when owed.balance <= 0 then 0 else round(reached.days, 1) end
    from owed
    left join reached on reached.currency = owed.currency
$$;

comment on function energy.countback_days(date, bigint, bigint) is
    'Days sales outstanding by counting back: how many days, from as_of backwards, have the sales (invoices less credit notes, tax included) that are still owed; of the month in '
    'which that is reached, the part. Null where more is owed than was ever sold.';


create function energy.bookings(first_day date, after_day date)
returns table (side text, source text, project_id bigint, contract_id bigint, day date, category text, reference text, description text, party_name text, amount numeric, currency text)
language sql stable
as $$
    select 'revenue', 'invoice', contract.project_id, contract.id, header.issue_date, type.category, header.invoice_number::text, line.description::text,
        contract.counterparty_name::text, line.line_total::numeric, header.currency::text
    from energy.invoice_header as header
    join energy.contract on contract.id = header.contract_id
    join energy.invoice_line as line on line.invoice_header_id = header.id
    join energy.invoice_line_type as type on type.id = line.invoice_line_type_id
    where header.status <> 'draft' and header.issue_date >= first_day and header.issue_date < after_day
    union all
    select 'expense', 'received invoice', contract.project_id, contract.id, header.invoice_date, coalesce(type.category, 'not classified'), header.vendor_invoice_number::text,
        line.description::text, contract.counterparty_name::text, line.line_total::numeric, header.currency::text
    from energy.received_invoice_header as header
    join energy.contract on contract.id = header.contract_id
    join energy.received_invoice_line as line on line.received_invoice_header_id = header.id
    left join energy.invoice_line_type as type on type.id = line.invoice_line_type_id
    where header.invoice_date >= first_day and header.invoice_date < after_day
    union all
    select 'expense', 'expense', expense.project_id, expense.contract_id, expense.expense_date, expense.category::text, expense.reference::text,
        expense.description::text, expense.supplier_name::text, expense.amount::numeric, expense.currency::text
    from energy.expense
    where expense.expense_date >= first_day and expense.expense_date < after_day
$$;

comment on function energy.bookings(date, date) is
    'Every line of revenue (issued invoices to clients) and of expense (received invoices as they were billed, and other expenses) whose date lies in [first_day, after_day), before tax.';

create function energy.settlement_lines(period bigint, contract bigint, project bigint)
returns table (contract_id bigint, line_number integer, kind text, description text, quantity numeric, unit text, unit_price numeric, amount numeric)
language sql stable
as $$
    with settled as (
        select agreement.id, agreement.project_id, agreement.currency, plant.time_zone, billing.start_date, billing.end_date
        from energy.billing_period as billing
        cross join energy.contract as agreement
        join energy.project as plant on plant.id = agreement.project_id
        where billing.id = period and agreement.kind = 'ppa'
            and agreement.start_date <= billing.end_date and coalesce(agreement.end_date, 'infinity') >= billing.start_date
            and (contract is null or agreement.id = contract) and (project is null or agreement.project_id = project)
    ), priced as (
        select settled.*, tariff.name, tariff.unit, tariff.unit_price, tariff.applies_to,
            greatest(tariff.start_date, settled.start_date) as from_day, least(coalesce(tariff.end_date, 'infinity'), settled.end_date) as to_day
        from settled
        join energy.clause on clause.contract_id = settled.id and clause.kind = 'pricing'
        join energy.clause_tariff as tariff on tariff.clause_id = clause.id and tariff.currency = settled.currency
        where tariff.unit in ('MWh', 'kWh', 'month')
            and tariff.start_date <= settled.end_date and coalesce(tariff.end_date, 'infinity') >= settled.start_date
    ), counted as (
        select priced.*, case
            when priced.unit = 'month' then (
                select count(*)::numeric from generate_series(date_trunc('month', from_day::timestamp), to_day, interval '1 month') as month where month >= from_day
            )
            else round(coalesce(metered.kwh, 0) / case priced.unit when 'MWh' then 1000 else 1 end, 3)
        end as quantity
        from priced
        left join lateral (
            select sum(case priced.applies_to when 'curtailed' then reading.curtailment_kwh else reading.net_energy_kwh end) as kwh
            from energy.meter
            join energy.meter_reading as reading on reading.meter_id = meter.id
                and reading.interval_start >= priced.from_day::timestamp at time zone priced.time_zone
                and reading.interval_start < (priced.to_day + 1)::timestamp at time zone priced.time_zone
            where meter.project_id = priced.project_id and meter.kind = 'revenue' and priced.unit <> 'month'
        ) as metered on true
    ), damage as (
        select clause.contract_id, clause.reference, to_char(owed.month, 'YYYY-MM') as month, owed.damages, owed.month as first_day
        from energy.billing_period as billing
        cross join lateral energy.guarantee_months(date_trunc('month', billing.start_date)::date, billing.end_date + 1, null) as owed
        join energy.clause on clause.id = owed.clause_id
        join settled on settled.id = clause.contract_id
        where billing.id = period and owed.damages <> 0
    ), line as (
        select id as contract_id, 1 as rank, case when unit = 'month' then 'monthly payment' when applies_to = 'curtailed' then 'deemed energy' else 'energy' end as kind,
            name || ', ' || to_char(from_day, 'YYYY-MM-DD') || ' to ' || to_char(to_day, 'YYYY-MM-DD') as description,
            quantity, unit::text, unit_price::numeric, round(quantity * unit_price, 2) as amount, from_day, applies_to = 'curtailed' as is_later, name as sorted
        from counted
        where quantity <> 0 or applies_to = 'metered'
        union all
        select settled.id, 2, 'adjustment', adjustment.description, adjustment.quantity, adjustment.unit, adjustment.unit_price, adjustment.amount,
            null, false, lpad(adjustment.position::text, 12, '0')
        from settled
        join energy.adjustment on adjustment.contract_id = settled.id and adjustment.billing_period_id = period
        union all
        select contract_id, 3, 'liquidated damages', 'Liquidated damages, ' || month || ' (clause ' || reference || ')', 1, 'month', -damages, -damages, first_day, false, reference
        from damage
    )
    select contract_id, row_number() over (partition by contract_id order by rank, is_later, from_day, sorted)::integer, kind, description, quantity, unit, unit_price, amount
    from line
$$;

comment on function energy.settlement_lines(bigint, bigint, bigint) is
    'What each power purchase of a billing period is settled with: energy of the readings at the prices that held on their days, adjustments, less the damages of the months that end in it.';


revoke execute on function
    energy.receivables(date), energy.aged_receivables(date, text, text), energy.countback_days(date, bigint, bigint), energy.bookings(date, date),
    energy.settlement_lines(bigint, bigint, bigint)
from public;
grant execute on function
    energy.receivables(date), energy.aged_receivables(date, text, text), energy.countback_days(date, bigint, bigint), energy.bookings(date, date),
    energy.settlement_lines(bigint, bigint, bigint)
to octavo_app, octavo_reader;
