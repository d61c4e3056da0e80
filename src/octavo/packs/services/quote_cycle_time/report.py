"""Quotes: how many are won, and how long it takes from the creation of a quote to its end."""

from typing import Literal

from octavo.packs.services import columns
from octavo.packs.services.parameters import Scope
from octavo.pipeline.definition import Chart, Date, Field, Flag, Instant, Integer, Metrics, Money, Percent, Report, Table, Text


class QuoteScope(Scope):
    """Quotes by the day on which their first version was created. Overdue: sent, past its last valid day, and not answered."""

    status: Literal["draft", "sent", "accepted", "rejected", "expired", "withdrawn"] | None = Field(
        None, title="Status", description="Any status when it is not given."
    )
    measured: Literal["won", "decided", "closed"] = Field(
        "won",
        title="Cycle time of",
        description="won: accepted quotes; decided: accepted and rejected ones; closed: expired and withdrawn ones too.",
    )


QUOTES = Integer("quotes", "Quotes", total=True)
AMOUNT = Money("amount", "Amount", total=True)
BREAKDOWNS = columns.breakdowns(QUOTES, (AMOUNT,))

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        Integer("quotes", "Quotes", description="The versions of a quote count once."),
        Money("amount", "Amount quoted", description="Of the last version of each."),
        Integer("won", "Won", description="Accepted."),
        Integer("lost", "Lost", description="Rejected."),
        Integer("overdue", "Overdue", description="Sent, past the last valid day, and not answered."),
        Percent("win_rate", "Win rate, of won and lost"),
        Percent("close_rate", "Close rate, won of all quotes"),
        Percent("conversion_rate", "Conversion, closed of all quotes"),
        Money("amount_won", "Amount won"),
        Integer("measured", "Cycle times measured", description="One of each quote that the parameter names."),
        *columns.DAYS,
    ),
)

quotes = Table(
    "quotes",
    "Quotes",
    query="quotes.sql",
    columns=(
        Text("number", "Quote"),
        Integer("versions", "Version", description="The last one."),
        *columns.CUSTOMER,
        *columns.PROJECT,
        Text("status", "Status"),
        Instant("created_at", "Created"),
        Instant("sent_at", "Sent"),
        Date("valid_until", "Valid until", description="The last day, included."),
        Instant("closed_at", "Closed"),
        Integer("days", "Days", description="Calendar days from creation to closing; empty while the quote is open."),
        Money("amount", "Amount", total=True),
        Flag("overdue", "Overdue", highlight=True),
    ),
)

report = Report(
    "Quote cycle time",
    "How many quotes are won, and how many calendar days pass between the creation of a quote and its end.",
    parameters=QuoteScope,
    base="asked.sql",
    sections=(
        summary,
        columns.distribution(QUOTES, "Days", "The quotes whose cycle time is measured."),
        Chart("cycle_times", "Cycle times", of="distribution", x="range", y="quotes"),
        BREAKDOWNS["by_status"],
        BREAKDOWNS["by_month"],
        Chart("quotes_by_month", "Quotes by month", of="by_month", x="month", y="quotes"),
        BREAKDOWNS["by_customer"],
        BREAKDOWNS["by_project"],
        quotes,
    ),
)
