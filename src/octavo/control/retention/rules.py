"""What is decided about keeping without asking anybody: what an organization may say, and when that is less than before.

completed ──▶ expired, its file being taken away ──▶ expired, its file gone ──▶ its row gone, its figures kept
    └───────▶ expired, its file in the archive ──────▲
Nothing on legal hold takes any of these steps.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """How long an organization keeps what, and whether everything of it is on legal hold."""

    export_days: int
    """How long the file of an export stays in its place after it was completed."""
    report_days: int
    """The same for reports."""
    archive_exports: bool
    """Whether the files of exports go to the archive then."""
    archive_reports: bool
    archive_years: int
    """How long the archive keeps a file."""
    row_days: int
    """How long the row of a run stays after its file is gone; of one that made none, after its file would have gone."""
    legal_hold: bool = False
    hold_reason: str | None = None
    held_by_name: str = ""


PERIODS = ("export_days", "report_days", "archive_exports", "archive_reports", "archive_years", "row_days")
"""What an organization says about keeping, without the hold."""


def keeps_less(now: Kept, said: Kept) -> bool:
    """Whether anything would go sooner than it does now."""
    return any(getattr(said, name) < getattr(now, name) for name in PERIODS)
