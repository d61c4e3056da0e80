"""The HTTP of summaries: the figures of a report as JSON, at once and without a file."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from octavo.control.access.actions import Principal
from octavo.control.summaries import actions
from octavo.control.summaries.flight import Flight
from octavo.pipeline.earlier import How
from octavo.web import problems
from octavo.web.asking import Viewing, server_of

router = APIRouter(prefix="/api/reports/summary", tags=["reports"])

_OWN = ("sections", "time_zone", "compare")
"""What of the query is not a parameter of the report."""


class Column(BaseModel):
    """A column."""

    name: str = Field(description="What the rows call it.")
    title: str = Field(description="What people read.")
    kind: str = Field(description="text, date, instant, flag, integer, quantity, money or percent (12.5 is 12.5 %).")
    masked: bool = Field(description="Whether it holds personal data that is masked.")
    currency: str | None = Field(None, description="Currency of an amount (ISO 4217), where it is the same in all rows.")
    currency_column: str | None = Field(None, description="The column that says it row by row.")
    unit: str | None = Field(None, description="Unit of a quantity, where it is the same in all rows.")
    unit_column: str | None = Field(None, description="The column that says it row by row.")


class Section(BaseModel):
    """A section of the summary."""

    name: str = Field(description="Its name.")
    title: str = Field(description="What people read.")
    kind: Literal["metrics", "breakdown", "table"] = Field(description="metrics has one row; breakdown a share of the whole in each.")
    columns: list[Column] = Field(description="The columns of its rows, in order.")
    rows: list[dict[str, str | int | float | bool | None]] = Field(
        description="The rows by column; numbers with every digit that the database holds."
    )


class Summary(BaseModel):
    """The figures of a report."""

    report: str = Field(description="Key of the report.")
    title: str = Field(description="What people read.")
    version: str = Field(description="Version of the report.")
    snapshot_taken_at: datetime = Field(description="The moment of which all the figures are.")
    time_zone: str = Field(description="The zone of its periods and instants.")
    masked: bool = Field(description="Whether personal data is masked.")
    parameters: dict[str, Any] = Field(description="What was asked, as it was resolved.")
    sections: list[Section] = Field(description="The sections that were asked for, in the order of the report.")


_PARAMETERS = {
    "name": "report_parameters",
    "in": "query",
    "required": False,
    "description": "The parameters of the report by name, as /api/catalog describes them, e.g. period=2014-06. A list is said by repeating its name.",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}


@router.get(
    "/{report}", summary="The figures of a report, without a file", response_model=Summary,
    responses=problems.documented(401, 403, 404, 413, 422), openapi_extra={"parameters": [_PARAMETERS]},
)  # fmt: skip
def summary(
    asking: Viewing,
    request: Request,
    report: Annotated[str, Path(description="Key of the report.", max_length=200)],
    sections: Annotated[
        list[str] | None, Query(description="Only these sections; all of the summary when none is named.", max_length=100)
    ] = None,
    time_zone: Annotated[
        str | None, Query(description="Zone of periods and instants; the organization's when it is not given.", max_length=100)
    ] = None,
    compare: Annotated[
        How | None, Query(description="Tells each figure beside that of an earlier period, with the change; nothing when it is not given.")
    ] = None,
) -> Response:
    """Key figures, breakdowns and small tables from one snapshot. Who asks the same while it is worked out is given the same answer."""
    principal, server = asking.principal, asking.server
    given = {
        name: values[0] if len(values := request.query_params.getlist(name)) == 1 else values
        for name in request.query_params
        if name not in _OWN
    }
    asked = actions.Asked(
        entry=server.reports.report(report, principal.organization), organization=principal.organization, parameters=given,
        sections=tuple(dict.fromkeys(sections or ())), zone=time_zone, compare=compare, masked=not principal.may("reports.view_pii"),
    )  # fmt: skip
    return Response(told(request, principal, asked), media_type="application/json")


def told(request: Request, principal: Principal, asked: actions.Asked) -> bytes:
    """The summary as JSON; who asks the same while it is worked out is given the same."""
    given, server = asked.parameters, server_of(request)
    # Everything on which the answer depends: whose data, what of it in which version, and every right of whoever asks.
    key = (
        principal.organization.id, principal.organization.time_zone, principal.organization.currency, asked.entry.key, asked.entry.version,
        json.dumps(given, sort_keys=True), asked.sections, asked.zone, asked.compare, asked.masked, principal.permissions,
    )  # fmt: skip
    flight: Flight[bytes] = request.app.state.summaries
    return flight.share(key, lambda: actions.summarize(
        server.database, asked, timeout_seconds=server.settings.summary_timeout_seconds, proven=request.app.state.proven
    ))  # fmt: skip
