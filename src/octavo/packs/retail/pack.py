"""The retail pack: its schema, its sample, and the file of invoice lines that it loads."""

from octavo.pipeline.definition import Loader, Pack

# The header of the "Online Retail" data set (UCI Machine Learning Repository): one row is one line of an invoice, its date is the
# shop's own clock, customers are written as 17850.0, and the number of a cancellation begins with C.
INVOICE_LINES = Loader(
    columns={
        "InvoiceNo": "text",
        "StockCode": "text",
        "Description": "text",
        "Quantity": "integer",
        "InvoiceDate": "timestamp",
        "UnitPrice": "numeric",
        "CustomerID": "text",
        "Country": "text",
    },
    transform="load.sql",
    checks={
        "\"InvoiceNo\" <> ''": "InvoiceNo is empty",
        "\"StockCode\" <> ''": "StockCode is empty",
        '"Quantity" is not null': "Quantity is empty",
        '"InvoiceDate" is not null': "InvoiceDate is empty",
        "\"InvoiceDate\" is null or \"InvoiceDate\" between '1900-01-01' and '9999-12-30'": "InvoiceDate is not a date between 1900 and 9999; write it as 2010-12-01 08:26:00",
        '"UnitPrice" is not null': "UnitPrice is empty",
        "\"UnitPrice\" is null or \"UnitPrice\" not in ('NaN', 'Infinity', '-Infinity')": "UnitPrice is not a number",
        "\"Country\" <> ''": "Country is empty",
    },
    zone="Europe/London",
)

pack = Pack(
    "retail",
    "Retail sales",
    schemas=("retail",),
    migrations="schema",
    sample="sample",
    sample_factors={"small": 1, "medium": 25, "large": 520},
    loader=INVOICE_LINES,
)
