"""The invoices to clients as a dataset: one row each, with what its lines and its tax come to."""

from typing import Literal

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import OneContract, OneProject
from octavo.pipeline.definition import Date, Field, Integer, Parameters, Period, Report, Table, Template, Text


class GeneratedInvoices(Parameters):
    """All invoices, or those issued in a period, of a project, of a contract, in a state."""

    period: Period | None = Field(None, title="Period", description="All when it is not given. An invoice belongs to the day it is issued.")
    project_id: OneProject = None
    contract_id: OneContract = None
    status: Literal["draft", "issued", "disputed", "paid"] | None = Field(
        None, title="Status", description="Any status when it is not given."
    )


report = Report(
    "Invoices generated",
    "The invoices made for clients: to whom, for which contract and billing period, and what they come to.",
    parameters=GeneratedInvoices,
    template=Template("Invoices Generated", "csv"),
    sections=(
        Table(
            "invoices",
            "Invoices",
            query="invoices.sql",
            columns=(
                Text("invoice_number", "Invoice"),
                Date("issue_date", "Issued"),
                Date("due_date", "Due"),
                Text("status", "Status"),
                Text("contract_number", "Contract no."),
                Text("contract_name", "Contract"),
                Text("project_name", "Project"),
                *columns.PERIOD,
                Text("buyer_name", "Buyer", pii=True),
                Text("buyer_vat_number", "Buyer's VAT number", pii=True),
                Integer("lines", "Lines", total=True),
                *columns.INVOICE_SUMS,
            ),
        ),
    ),
)
