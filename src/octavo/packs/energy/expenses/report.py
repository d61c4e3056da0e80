"""The expenses of the plants as a dataset: the lines of received invoices and what was spent without one."""

from typing import Literal

from octavo.packs.energy.parameters import Span
from octavo.pipeline.definition import Date, Field, Money, Report, Table, Template, Text


class ExpenseLines(Span):
    """The expenses dated in a period, of a project, of a contract, from a source, of a category."""

    source: Literal["received_invoice", "expense"] | None = Field(
        None,
        title="Source",
        description="received_invoice: billed by a contractor. expense: spent without such an invoice. Both when it is not given.",
    )
    category: str | None = Field(None, title="Category", max_length=200, description="As it is shown. Any category when it is not given.")


report = Report(
    "Expenses",
    "Every line of expense before tax, as in the financial summary: received invoices by their date, as they were billed, and other expenses.",
    parameters=ExpenseLines,
    template=Template("Expenses", "csv"),
    sections=(
        Table(
            "expenses",
            "Expenses",
            query="expenses.sql",
            columns=(
                Date("expense_date", "Date"),
                Text("project_name", "Plant"),
                Text("category", "Category"),
                Text("source", "Source"),
                Text("reference", "Reference"),
                Text("description", "Description", long=True),
                Text("supplier_name", "Supplier", pii=True),
                Text("contract_number", "Contract no."),
                Text("currency", "Currency"),
                Money("amount", "Amount", total=True, currency_column="currency", description="Before tax."),
            ),
        ),
    ),
)
