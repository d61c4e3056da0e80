select invoice_number as value, invoice_number as label from retail.sale order by invoice_number
