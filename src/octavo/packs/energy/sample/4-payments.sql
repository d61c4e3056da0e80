-- What the clients paid: most of it about when it was due, some late, some in part, a little not at all.

create temporary table sample_payment on commit drop as
select
    header.id as invoice_header_id, header.contract_id, header.invoice_number, header.currency, dice.chance, header.due_date,
    case
        when dice.luck < 0.025 then 0
        when dice.luck < 0.07 then round(amount.total * 0.6, 2)
        else amount.total
    end as amount,
    header.due_date - 6 + (case when dice.luck > 0.85 then 55 else 14 end * pg_temp.noise(dice.chance || 'late'))::integer as paid_on
from energy.invoice_header as header
join energy.invoice_amount as amount on amount.invoice_header_id = header.id and amount.total > 0
cross join lateral (select concat_ws('|', %(seed)s, header.invoice_number) as chance) as named
cross join lateral (select named.chance, pg_temp.noise(named.chance || 'pays') as luck) as dice;

insert into energy.payment (contract_id, reference, received_on, amount, currency)
select contract_id, 'Payment for ' || invoice_number, paid_on, amount, currency
from sample_payment
where amount > 0 and paid_on <= current_date
order by paid_on, invoice_number;

insert into energy.payment_allocation (payment_id, invoice_header_id, currency, amount, allocated_on)
select payment.id, paid.invoice_header_id, paid.currency, paid.amount, paid.paid_on
from sample_payment as paid
join energy.payment on payment.contract_id = paid.contract_id and payment.reference = 'Payment for ' || paid.invoice_number
order by payment.id;

-- Paid twice by mistake, or on account: nobody has said for which invoice.
insert into energy.payment (contract_id, reference, received_on, amount, currency)
select contract.id, 'On account, ' || contract.number, current_date - 20 - (40 * dice.chance)::integer, round(900 + 4000 * dice.chance, 2), contract.currency
from energy.contract
cross join lateral (select pg_temp.noise(concat_ws('|', %(seed)s, contract.number, 'account')) as chance) as dice
where contract.kind = 'ppa'
order by contract.number;

update energy.invoice_header as header
set status = case when paid.is_paid then 'paid' when header.due_date < current_date - 30 then 'disputed' else 'issued' end
from (
    select invoice.id, coalesce(amount.total, 0) <= coalesce((select sum(amount) from energy.payment_allocation where invoice_header_id = invoice.id), 0) as is_paid
    from energy.invoice_header as invoice
    left join energy.invoice_amount as amount on amount.invoice_header_id = invoice.id
) as paid
where paid.id = header.id;
