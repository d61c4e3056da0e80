-- Customers are counted by their id, without their rows being looked at; and what keeps sums cannot be left with those of rows that are gone.

create or replace view retail.sale_figures with (security_invoker = true, security_barrier = true) as
select sale.organization_id, sale.id, sale.invoice_number, sale.sold_at, store.code as store_code, customer.number as customer_number,
    sale.country, sale.kind, sale.status, sale.lines, sale.units, sale.revenue, sale.discount, sale.revenue - sale.discount as net_revenue,
    sale.tax, sale.revenue - sale.discount + sale.tax as total, sale.paid, sale.refunded, sale.lines_without_cost, sale.cost, sale.customer_id
from retail.sale
left join retail.store on store.id = sale.store_id
left join retail.customer on customer.id = sale.customer_id;

create function retail.refuse_truncate() returns trigger
language plpgsql
as $$
begin
    if pg_relation_size('retail.sale') > 0 then
        raise exception 'retail.% cannot be truncated without retail.sale, which keeps its sums; delete the rows, or truncate both', tg_table_name;
    end if;
    return null;
end $$;

revoke execute on function retail.refuse_truncate() from public;

create trigger lines_truncated after truncate on retail.sale_line for each statement execute function retail.refuse_truncate();
create trigger paid_truncated after truncate on retail.payment for each statement execute function retail.refuse_truncate();
create trigger refunded_truncated after truncate on retail.refund for each statement execute function retail.refuse_truncate();
