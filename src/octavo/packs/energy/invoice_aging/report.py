"""What clients owe at the end of a day, by how long it is due, with their unapplied credits apart, and that it is what the ledger says."""

from typing import Literal

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import AsOf, OneContract, OneProject
from octavo.pipeline.definition import (
    Chart,
    Date,
    Field,
    Integer,
    Metrics,
    Money,
    Parameters,
    Percent,
    Period,
    Quantity,
    Report,
    Table,
    Template,
    Text,
)


class Aging(Parameters):
    """The receivables of a day, and by which convention they are aged."""

    as_of: AsOf = Period("today")
    basis: Literal["due", "invoice"] = Field(
        "due", title="Aged by", description="due: days past the due date. invoice: days since the date of the invoice."
    )
    credits: Literal["separate", "own_date", "current", "oldest_first"] = Field(
        "separate",
        title="Unapplied credits",
        description="separate: in a column of their own. own_date: in the bucket of their own date. current: in Current. "
        "oldest_first: set against the oldest debt first, the rest in Current.",
    )
    project_id: OneProject = None
    contract_id: OneContract = None


def _owed(name: str, title: str, description: str = "") -> Money:
    return Money(name, title, total=True, currency_column="currency", description=description)


_BUCKETS = (
    _owed("not_due", "Current", "Not past the date by which it is aged."),
    _owed("days_30", "1–30"),
    _owed("days_60", "31–60"),
    _owed("days_90", "61–90"),
    _owed("days_120", "91–120"),
    _owed("days_over_120", "Over 120"),
    _owed(
        "unapplied_credits",
        "Unapplied credits",
        "Credit notes and payments that are set against no invoice yet; 0 where they are in the buckets.",
    ),
    _owed("balance", "Balance", "The sum of the columns, which is that of the ledger."),
)
_ONE = columns.ONE_CURRENCY

report = Report(
    "Invoice aging",
    "What clients owe at the end of the day named, tax included, by days past the date. What was paid, applied or issued later is not known yet; drafts are left out, bad debts are not.",
    parameters=Aging,
    template=Template("Invoice Aging"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Date("as_of", "As of"),
                Text("currency", "Currency", description=_ONE),
                Money("balance", "Balance", currency_column="currency", description=_ONE),
                Money("past_due", "Past the date", currency_column="currency", description=f"All buckets but Current. {_ONE}"),
                Percent("past_due_percent", "Past the date, %", description="Of all buckets, before the column of unapplied credits."),
                Money("unapplied_credits", "Unapplied credits", currency_column="currency", description=_ONE),
                Quantity(
                    "days_outstanding",
                    "Days sales outstanding",
                    decimals=1,
                    unit="days",
                    description="By counting back: how many days, from the day named backwards, have the sales that are still owed. Empty where more is owed than was sold.",
                ),
                Money(
                    "invoiced", "Invoiced", currency_column="currency", description=f"All invoices until then, less credit notes. {_ONE}"
                ),
                Money("paid", "Paid", currency_column="currency", description=f"All payments until then. {_ONE}"),
                Money("difference", "Off the ledger", currency_column="currency", description=f"Balance less (invoiced less paid). {_ONE}"),
            ),
        ),
        Chart("bucket_chart", "Owed by age", of="buckets", x="bucket", y="amount"),
        Table(
            "buckets",
            "By age",
            query="buckets.sql",
            columns=(
                Text("bucket", "Days"),
                Text("currency", "Currency"),
                Money("amount", "Amount", total=True, currency_column="currency"),
                Percent("share", "Share", description="Of the balance in that currency; empty where that is 0."),
            ),
        ),
        Table(
            "clients",
            "By client",
            query="clients.sql",
            columns=(
                Text("contract_number", "Contract no."),
                Text("client_name", "Client", pii=True),
                Text("currency", "Currency"),
                *_BUCKETS,
            ),
        ),
        Table(
            "entries",
            "Open items",
            query="entries.sql",
            group_by=("client",),
            columns=(
                Text("client", "Client", pii=True, description="Contract and client."),
                Text("kind", "Kind"),
                Text("reference", "Number"),
                Date("entry_date", "Date"),
                Date("due_date", "Due"),
                Integer("days", "Days", description="Past the date by which it is aged; less than 0 before it."),
                Text("bucket", "Bucket"),
                Text("currency", "Currency"),
                _owed("amount", "Amount"),
                _owed(
                    "applied", "Applied", "Paid or set against it until then; of a payment or credit note, what was set against invoices."
                ),
                _owed("open_amount", "Open"),
            ),
        ),
    ),
)
