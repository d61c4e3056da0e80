"""The columns that the reports of this pack share: each is written once."""

from octavo.pipeline.definition import Breakdown, Column, Date, Integer, Quantity, Text

CUSTOMER = (Text("customer_code", "Customer"), Text("customer_name", "Customer name", pii=True))
PROJECT = (Text("project_code", "Project"), Text("project_name", "Project name"))

DAYS = (
    Quantity("mean_days", "Mean", unit="days", decimals=1),
    Quantity("median_days", "Median", unit="days", decimals=1),
    Quantity("p90_days", "90th percentile", unit="days", decimals=1, description="By the percentile method that is named."),
    Quantity("min_days", "Shortest", unit="days", decimals=0),
    Quantity("max_days", "Longest", unit="days", decimals=0),
    Text("percentile_method", "Percentile method"),
)


def breakdowns(counted: Integer, further: tuple[Column, ...] = ()) -> dict[str, Breakdown]:
    """What is counted, by status, customer, project and month, and how it is distributed; each with its share of the count."""
    figures = (counted, *further)

    def broken_down(name: str, title: str, labels: tuple[Column, ...], description: str = "") -> Breakdown:
        return Breakdown(name, title, query=f"{name}.sql", share_of=counted.name, columns=(*labels, *figures), description=description)

    return {
        "by_status": broken_down("by_status", "By status", (Text("status", "Status"),)),
        "by_customer": broken_down("by_customer", "By customer", CUSTOMER),
        "by_project": broken_down("by_project", "By project", PROJECT),
        "by_month": broken_down("by_month", "By month", (Date("month", "Month beginning"),)),
    }


def distribution(counted: Integer, label: str, description: str) -> Breakdown:
    """How many lie in each range; the ranges leave no gap, so the shares add up to the whole."""
    return Breakdown(
        "distribution",
        "Distribution",
        query="distribution.sql",
        share_of=counted.name,
        columns=(Text("range", label), counted),
        description=description,
    )
