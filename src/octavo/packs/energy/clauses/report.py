"""The clauses as a dataset: what is guaranteed, how it is measured, what falling short costs, and how long there is to cure it."""

from typing import Literal

from octavo.packs.energy.parameters import OneContract, OneProject
from octavo.pipeline.definition import Field, Flag, Integer, Money, Parameters, Percent, Quantity, Report, Table, Template, Text


class Clauses(Parameters):
    """All clauses, or those of a project, of a contract, of a kind, or with damages only."""

    project_id: OneProject = None
    contract_id: OneContract = None
    kind: (
        Literal["pricing", "availability", "performance_ratio", "generation", "payment", "reporting", "insurance", "termination", "other"]
        | None
    ) = Field(None, title="Kind", description="Any kind when it is not given.")
    with_damages: bool = Field(False, title="With damages only")


report = Report(
    "Clauses",
    "The clauses of the contracts: guarantees, damages and their caps, and terms of cure.",
    parameters=Clauses,
    template=Template("Clauses", "csv"),
    sections=(
        Table(
            "clauses",
            "Clauses",
            query="clauses.sql",
            group_by=("project_name", "contract_name"),
            columns=(
                Text("project_name", "Plant"),
                Text("contract_name", "Contract"),
                Text("contract_number", "Contract no."),
                Text("clause_reference", "Clause"),
                Text("title", "Title"),
                Text("kind", "Kind"),
                Text("wording", "Wording", long=True),
                Quantity("guaranteed_value", "Guaranteed", decimals=2, unit_column="guaranteed_unit"),
                Text("guaranteed_unit", "Unit"),
                Integer("window_months", "Months", description="Over which it is measured."),
                Text("measured_in", "Measured in", description="energy or hours."),
                Text("damages_form", "Damages", description="Empty where falling short costs nothing."),
                Quantity("damages_rate", "Rate", decimals=4),
                Percent("damages_floor", "Floor", decimals=2, description="Measured below it, nothing of the payment is left."),
                Percent(
                    "damages_cap_percent", "Cap a month", decimals=2, description="Of what the prices of the contract come to in the month."
                ),
                Money("damages_cap_amount", "Cap a year", currency_column="currency"),
                Text("currency", "Currency"),
                Text("excused_causes", "Excused causes"),
                Quantity(
                    "excused_maintenance_hours",
                    "Excused maintenance",
                    decimals=1,
                    unit="h",
                    description="In a calendar year; all where it is empty.",
                ),
                Integer("cure_days", "Days to cure"),
                Flag(
                    "cure_business_days",
                    "Business days",
                    description="Days to cure that are no Saturday, Sunday or holiday; false: calendar days.",
                ),
            ),
        ),
    ),
)
