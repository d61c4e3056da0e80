"""The contracts as a dataset: one row each, with the counterparty as the contract names it."""

from typing import Literal

from octavo.packs.energy.parameters import OneProject
from octavo.pipeline.definition import Date, Field, Integer, Parameters, Report, Table, Template, Text


class ContractScope(Parameters):
    """All contracts, or those of a project, of a kind, in a state."""

    project_id: OneProject = None
    status: Literal["draft", "active", "ended"] | None = Field(None, title="Status", description="Any status when it is not given.")
    kind: Literal["ppa", "operation_and_maintenance", "asset_management", "grid_connection", "land_lease", "insurance", "other"] | None = (
        Field(None, title="Kind", description="Any kind when it is not given.")
    )


report = Report(
    "Contracts",
    "The contracts of the plants: with whom, about which plant, in which currency, from when to when.",
    parameters=ContractScope,
    template=Template("Contracts", "csv"),
    sections=(
        Table(
            "contracts",
            "Contracts",
            query="contracts.sql",
            columns=(
                Text("contract_number", "Contract no."),
                Text("contract_name", "Contract"),
                Text("project_name", "Project"),
                Text("kind", "Kind"),
                Text("status", "Status"),
                Text(
                    "counterparty_name", "Counterparty", pii=True, description="The buyer of a PPA, the contractor of a service contract."
                ),
                Text("counterparty_address", "Address", pii=True, long=True, description="One line of the address a line."),
                Text("counterparty_vat_number", "VAT number", pii=True),
                Text("currency", "Currency"),
                Date("start_date", "From"),
                Date("end_date", "To", description="The last day, included; empty where the contract has no end."),
                Integer("payment_days", "Payment days", description="Days between an invoice and the day it is due."),
            ),
        ),
    ),
)
