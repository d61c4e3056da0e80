"""The parts of the settings: each has its own address, and is offered to whoever may change it."""

from dataclasses import dataclass

from fastapi import FastAPI

from octavo.control.access import actions as access
from octavo.control.access.actions import Principal
from octavo.web.pages import rail


@dataclass(frozen=True)
class Part:
    """One part: its address, what is said there, and what somebody may who is offered it."""

    group: str
    title: str
    path: str
    about: str
    needs: str = "reports.manage"


ADMINISTER, ANYBODY = "administer", ""

PARTS = (
    Part("Organization", "Organization", "/settings/organization", "Name, time zone, locale, currency, and how documents look", ADMINISTER),
    Part("Organization", "Members", "/settings/members", "Who belongs here, and what they may", ADMINISTER),
    Part("Organization", "Projects", "/settings/projects", "Parts of the organization, and who is let in", ADMINISTER),
    Part("Organization", "Business days", "/settings/days", "Weekend and holidays, which schedules follow", ADMINISTER),
    Part("Organization", "Limits", "/settings/limits", "Requests a minute and rows a file"),
    Part("What goes out", "Export approval", "/settings/exports", "From how many rows on an export needs a second person"),
    Part("What goes out", "Notifications", "/settings/notifications", "Who is told of runs, and where mails may go"),
    Part("What goes out", "Places", "/settings/places", "Folders outside that files are put into"),
    Part("What goes out", "Webhooks", "/settings/webhooks", "Servers that are told what happened"),
    Part("What goes out", "Sharing", "/settings/sharing", "Links for people who have no place here"),
    Part("What goes out", "Deliveries", "/settings/deliveries", "What went to whom, and what did not arrive"),
    Part("What stays", "Retention", "/settings/retention", "How long files stay, and legal hold"),
    Part("What stays", "API keys", "/settings/keys", "Keys for programs", ANYBODY),
)


@dataclass(frozen=True)
class Shown:
    """A part as a page shows it."""

    part: Part
    here: bool


def offered(app: FastAPI, principal: Principal, path: str) -> dict[str, list[Shown]]:
    """The parts for this person by group, on the page of that path."""
    found: dict[str, list[Shown]] = {}
    for part in PARTS:
        if _may(principal, part.needs) and rail.there_is(app, part.path):
            here = path == part.path or path.startswith(f"{part.path}/")
            found.setdefault(part.group, []).append(Shown(part, here))
    return found


def _may(principal: Principal, needs: str) -> bool:
    return access.administers(principal) if needs == ADMINISTER else needs == ANYBODY or principal.may(needs)
