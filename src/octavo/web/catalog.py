"""The reports there are, for whoever asks: what each can be asked, and what it holds."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from octavo.pipeline import catalog
from octavo.web import problems
from octavo.web.asking import Viewing

router = APIRouter(prefix="/api/catalog", tags=["catalog"])


class Described(BaseModel):
    """A report."""

    key: str = Field(description="Its key, pack and report, e.g. retail.sales.")
    title: str = Field(description="What people read.")
    description: str = Field(description="What it is for.")
    version: str = Field(description="Changes when its definition or a query changes.")
    parameters: dict[str, Any] = Field(description="JSON Schema of what it can be asked.")
    sections: list[dict[str, Any]] = Field(description="Its sections in order, with their columns.")


@router.get("", summary="The reports", responses=problems.documented(401, 403))
def reports(asking: Viewing) -> list[Described]:
    entries = asking.server.reports.entries.values()
    return [Described(**catalog.described(entry)) for entry in entries if entry.pack.is_for(asking.principal.organization)]


@router.get("/{report}", summary="One report", responses=problems.documented(401, 403, 404))
def report(asking: Viewing, report: Annotated[str, Path(description="Key of the report.")]) -> Described:
    return Described(**catalog.described(asking.server.reports.report(report, asking.principal.organization)))
