"""The audit log of the shop: who did what, when, from where, and to which sale or customer."""

from octavo.pipeline.definition import (
    Annotated,
    Breakdown,
    Chart,
    Date,
    Field,
    Instant,
    Integer,
    Lookup,
    Metrics,
    Parameters,
    Period,
    Report,
    Table,
    Text,
)


class AuditScope(Parameters):
    """All events, or those of a period, a type, a user, a sale, a customer."""

    period: Period | None = Field(None, title="Period", description="All events when it is not given.")
    event_type: Annotated[str | None, Lookup("lookups/event_types.sql")] = Field(
        None, title="Event type", description="All types when it is not given."
    )
    user_id: Annotated[str | None, Lookup("lookups/users.sql", pii=True)] = Field(
        None, title="User", description="All users, and the system, when it is not given."
    )
    sale_id: Annotated[str | None, Lookup("lookups/sales.sql")] = Field(
        None, title="Sale", description="The number of an invoice; all of them when it is not given."
    )
    customer_id: Annotated[str | None, Lookup("lookups/customers.sql", pii=True)] = Field(
        None, title="Customer", description="The number of a customer; all of them when it is not given."
    )


EVENTS = Integer("events", "Events", total=True)

report = Report(
    "Audit log",
    "What happened in the shop's system: who, when, from where, to which sale or customer.",
    parameters=AuditScope,
    base="asked.sql",
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                EVENTS,
                Integer("event_types", "Types of events"),
                Integer("users", "Users"),
                Integer("by_system", "By the system", description="Events without a user."),
                Integer("addresses", "Addresses", description="Different IP addresses."),
                Instant("first_at", "First"),
                Instant("last_at", "Last"),
            ),
        ),
        Breakdown(
            "by_event_type",
            "By type of event",
            query="by_event_type.sql",
            share_of="events",
            columns=(Text("event_type", "Event"), Integer("users", "Users"), EVENTS),
        ),
        Table(
            "over_time",
            "Over time",
            query="over_time.sql",
            summary=True,
            description="By day where the period has at most 62 days, otherwise by month.",
            columns=(Date("starting", "Starting"), Integer("users", "Users"), EVENTS),
        ),
        Chart("events_over_time", "Events over time", of="over_time", x="starting", y="events"),
        Breakdown(
            "by_user",
            "By user",
            query="by_user.sql",
            share_of="events",
            description="The system has no user.",
            columns=(Text("user_id", "User"), Text("user_name", "Name", pii=True), Date("last_on", "Last seen"), EVENTS),
        ),
        Table(
            "log",
            "Log",
            query="log.sql",
            columns=(
                Text("event_id", "Event no."),
                Instant("occurred_at", "When"),
                Text("event_type", "Event"),
                Text("user_id", "User"),
                Text("user_name", "Name", pii=True),
                Text("user_email", "E-mail", pii=True),
                Text("ip_address", "IP address", pii=True),
                Text("user_agent", "Program", pii=True),
                Text("invoice_number", "Sale"),
                Text("customer_id", "Customer"),
                Text("customer_name", "Customer name", pii=True),
                Text("description", "Description", pii=True, long=True),
                Text("details", "Details", pii=True, long=True),
            ),
        ),
    ),
)
