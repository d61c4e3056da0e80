"""The cell formats of a workbook: paper and ink, one accent, numbers right and text left."""

from dataclasses import dataclass, field
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from octavo.pipeline.writers.xlsx.columns import Look

PAPER_TINT = "#F1EEE5"
INK = "#1C1E21"
QUIET_INK = "#6B6A64"
HAIRLINE = "#E4E1D8"
HIGHLIGHT = "#F6E3D3"


@dataclass
class Styles:
    """Makes each format once."""

    workbook: Workbook
    accent: str
    _made: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def make(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self.workbook.add_format({"font_color": INK, **properties})
        return self._made[key]

    def header(self, look: Look) -> Format:
        return self.make(
            bold=True, bg_color=PAPER_TINT, valign="vcenter", text_wrap=True, bottom=1, bottom_color=self.accent, **_place(look)
        )

    def cell(self, look: Look, *, top: bool) -> Format | None:
        """The format of a column's cells; None where the default one will do. `top`: beside text of several lines."""
        properties: dict[str, Any] = {"valign": "top"} if top else {}
        if look.number_format:
            properties |= {"num_format": look.number_format, **_place(look)}
        elif look.after_number:
            properties |= _place(look)
        if look.wraps:
            properties["text_wrap"] = True
        return self.make(**properties) if properties else None

    def total(self, look: Look, *, first: bool, last: bool, label: bool = False) -> Format:
        """A thin rule above the totals, a double one below. `label`: the cell holds words, whatever its column holds."""
        properties: dict[str, Any] = {"align": "left"} if label else _place(look)
        if look.number_format and not label:
            properties["num_format"] = look.number_format
        if first:
            properties |= {"top": 1, "top_color": INK}
        if last:
            properties |= {"bottom": 6, "bottom_color": INK}
        return self.make(bold=True, **properties)


def _place(look: Look) -> dict[str, Any]:
    """Where the cells of a column stand: numbers right, text left, and a little off numbers that touch it."""
    if look.column.numeric:
        return {"align": "right"}
    return {"align": "left", "indent": 1} if look.after_number else {"align": "left"}
