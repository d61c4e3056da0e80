"""The invoices of contractors as a dataset: one row each, as printed, with what its lines come to."""

from typing import Literal

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import OneContract, OneProject
from octavo.pipeline.definition import Date, Field, Integer, Money, Parameters, Period, Report, Table, Template, Text


class ReceivedInvoices(Parameters):
    """All invoices, or those dated in a period, of a project, of a contract, in a state."""

    period: Period | None = Field(None, title="Period", description="All when it is not given. An invoice belongs to the day it is dated.")
    project_id: OneProject = None
    contract_id: OneContract = None
    status: Literal["received", "in_review", "approved", "disputed", "paid"] | None = Field(
        None, title="Status", description="Any status when it is not given."
    )


report = Report(
    "Invoices received",
    "The invoices that contractors sent: for which contract and billing period, and what is printed on them.",
    parameters=ReceivedInvoices,
    template=Template("Invoices Received", "csv"),
    sections=(
        Table(
            "invoices",
            "Invoices",
            query="invoices.sql",
            columns=(
                Text("vendor_invoice_number", "Vendor's invoice"),
                Date("invoice_date", "Dated"),
                Date("received_date", "Received"),
                Date("due_date", "Due"),
                Text("status", "Status"),
                Text("contract_number", "Contract no."),
                Text("contract_name", "Contract"),
                Text("project_name", "Project"),
                *columns.PERIOD,
                Text("vendor_name", "Contractor", pii=True),
                Text("vendor_vat_number", "Contractor's VAT number", pii=True),
                Integer("lines", "Lines", total=True),
                Text("currency", "Currency"),
                Money(
                    "subtotal", "Subtotal", total=True, currency_column="currency", description="The sum of the line totals, before tax."
                ),
                Money("stated_tax", "Tax", total=True, currency_column="currency", description="As printed."),
                Money("stated_total", "Total", total=True, currency_column="currency", description="As printed, tax included."),
            ),
        ),
    ),
)
