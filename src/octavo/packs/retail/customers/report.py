"""Customers: who they are, what they bought, what they owe and since when, and the last entries of their accounts."""

from decimal import Decimal
from typing import Literal

from octavo.pipeline.definition import (
    Breakdown,
    Chart,
    Date,
    Field,
    Flag,
    Instant,
    Integer,
    Metrics,
    Money,
    Parameters,
    Period,
    Report,
    Table,
    Template,
    Text,
)


class CustomerScope(Parameters):
    """All customers, or those of a type, in a state, with a debt; their accounts as they stood at the end of a day."""

    as_of: Period = Field(
        Period("today"),
        title="As of",
        description="What was booked after this day is not seen. Its last day counts: today, 2014-06-30, or previous_month for the day it ended.",
    )
    basis: Literal["due", "invoice"] = Field(
        "due", title="Aged by", description="due: days after the due date; invoice: days after the sale."
    )
    customer_type: Literal["retail", "wholesale"] | None = Field(None, title="Type", description="Any type when it is not given.")
    credit_status: Literal["blocked", "over limit", "overdue", "open", "in credit", "clear"] | None = Field(
        None, title="Credit status", description="Any when it is not given."
    )
    min_outstanding: Decimal | None = Field(None, title="Owing at least", description="The least balance; any when it is not given.")
    active: bool | None = Field(None, title="Active", description="Active and former customers when it is not given.")


NUMBER = Text("customer_id", "Customer")
NAME = Text("name", "Name", pii=True)
TYPE = Text("customer_type", "Type")
AGED = (
    Money("days_0_30", "0–30 days", total=True, description="And what is not due yet."),
    Money("days_31_60", "31–60 days", total=True),
    Money("days_61_90", "61–90 days", total=True),
    Money("over_90", "Over 90 days", total=True),
    Money(
        "unapplied_credits",
        "Unapplied credits",
        total=True,
        description="Credits and payments that are applied to nothing; they are not aged.",
    ),
)
BALANCE = "What is open less unapplied credits: the sum of the account."

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        Integer("customers", "Customers"),
        Integer("retail", "Retail"),
        Integer("wholesale", "Wholesale"),
        Integer("active", "Active"),
        Integer("blocked", "Blocked"),
        Integer("owing", "Customers who owe"),
        Integer("over_limit", "Over their limit"),
        Money("balance", "Outstanding", description=BALANCE),
        Money("overdue", "Overdue", description="Open items past their due date; credits that are applied to nothing are not taken off."),
        *AGED,
        Money("credit_limits", "Credit limits"),
    ),
)

ageing = Breakdown(
    "ageing",
    "Ageing",
    query="ageing.sql",
    share_of="amount",
    description="Unapplied credits are not aged: they stand apart, and the total is the sum of all accounts.",
    columns=(Text("bucket", "Days"), Money("amount", "Outstanding", total=True)),
)

details = Table(
    "details",
    "Details",
    query="details.sql",
    columns=(
        NUMBER,
        NAME,
        TYPE,
        Text("email", "E-mail", pii=True),
        Text("phone", "Telephone", pii=True),
        Text("address", "Address", pii=True, long=True),
        Date("since", "Since"),
        Flag("active", "Active"),
        Text("credit_status", "Credit status", description="The first that holds of blocked, over limit, overdue, open, in credit, clear."),
        Integer("payment_days", "Payment days"),
        Money("credit_limit", "Credit limit", total=True),
        Money("balance", "Outstanding", total=True, description=BALANCE),
        Money("available", "Available credit", description="Credit limit less what is outstanding."),
        Money("overdue", "Overdue", total=True),
        Money("unapplied_credits", "Unapplied credits", total=True),
        Integer("sales", "Sales", total=True, description="Without cancellations."),
        Money("sold", "Sold", total=True, description="Invoiced, less cancellations."),
        Money("average_sale", "Average sale"),
        Date("last_sale_on", "Last sale"),
        Date("last_payment_on", "Last payment", description="On account."),
    ),
)

credit_ageing = Table(
    "credit_ageing",
    "Credit ageing",
    query="credit_ageing.sql",
    description="Customers with something open, or with a credit that is applied to nothing.",
    columns=(
        NUMBER,
        NAME,
        TYPE,
        Integer("open_items", "Open items", total=True),
        *AGED,
        Money("balance", "Outstanding", total=True, description=BALANCE),
        Integer("oldest_days", "Oldest, days", description="Of the oldest open item; negative where nothing is due yet."),
    ),
)

credit_transactions = Table(
    "credit_transactions",
    "Credit transactions",
    query="credit_transactions.sql",
    group_by="customer_id",
    description="The last 50 entries of each account. Positive entries are owed, negative ones lower the debt.",
    columns=(
        NUMBER,
        NAME,
        Instant("booked_at", "Booked"),
        Text("kind", "Kind"),
        Text("reference", "Reference"),
        Money("amount", "Amount", total=True),
        Money("balance_after", "Balance", description="Of the whole account after this entry, with what was booked before the last 50."),
    ),
)

report = Report(
    "Customers",
    "The customers with their sales, and their accounts by age. A payment counts from the day it was booked, so earlier days can be asked for.",
    parameters=CustomerScope,
    base="asked.sql",
    template=Template("Customers", "xlsx"),
    sections=(
        summary,
        ageing,
        Chart("ageing_chart", "Outstanding by age", of="ageing", x="bucket", y="amount"),
        details,
        credit_ageing,
        credit_transactions,
    ),
)
