"""How an organization shows itself: the colours of the house and what it puts in their place. One truth for PDF, XLSX and charts."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from octavo.errors import UsageError
from octavo.pipeline import logo as logos

ACCENT = "#0f5c5c"

# After the accent: muted tones that stay apart in grey and for colour-blind readers.
SERIES = ("#b3873b", "#7a8b99", "#8c4a3c", "#5d7f4e", "#a5a08f")

_COLOUR = re.compile("#[0-9a-fA-F]{6}")

Line = Annotated[str, Field(max_length=200)]


def _drawable(text: str) -> str:
    if text:
        logos.read(text)
    return text


class Branding(BaseModel):
    """What may be said. An organization says it for all of its documents, a template for its own: each part takes the place of the organization's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accent: str = Field(ACCENT, pattern=f"^{_COLOUR.pattern}$", description="The colour of headings, lines and charts, as #rrggbb.")
    address: str | list[Line] = Field(
        default_factory=list[Line], max_length=2000, description="The lines of the address under the name, in documents that show one."
    )
    vat_number: str = Field("", max_length=50, description="The VAT number, in documents that show one.")
    bank: dict[str, Line] | list[tuple[Line, Line]] = Field(
        default_factory=list[tuple[Line, Line]],
        max_length=12,
        description="Label and value of each bank detail, in documents that ask for money.",
    )
    logo: Annotated[str, AfterValidator(_drawable)] = Field(
        "",
        max_length=2 * logos.LARGEST,
        description=f"A PNG of at most {logos.LARGEST:,} bytes, as {logos.PREFIX}…; it stands at the head of a PDF. Empty: none.",
    )
    footer: str = Field("", max_length=500, description="What stands at the foot of each page of a PDF.")


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, and nothing else, if every part of it has an effect. Raises UsageError."""
    try:
        return Branding(**given).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        said = "there is no such part" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        raise UsageError(f"The branding cannot have this {name}: {said}; it may say: {', '.join(Branding.model_fields)}") from error


def told(branding: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of it where it is not drawn: the logo by its SHA-256."""
    said = str(branding.get("logo") or "")
    return {**branding, "logo": f"SHA-256 {hashlib.sha256(said.encode()).hexdigest()}"} if said else dict(branding)


def logo(branding: Mapping[str, Any]) -> logos.Logo | None:
    """The organization's logo; None where it has none, or one that was written into the database and cannot be drawn."""
    try:
        return logos.read(str(branding.get("logo") or ""))
    except ValueError:
        return None


def accent(branding: Mapping[str, Any]) -> str:
    """The organization's accent; ours where it has none, or one that was written into the database and is no colour."""
    said = str(branding.get("accent"))
    return said.lower() if _COLOUR.fullmatch(said) else ACCENT
