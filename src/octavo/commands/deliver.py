"""octavo deliver: look at the ledger of deliveries, send once more what did not arrive, try whether something arrives."""

import sys
from typing import Annotated

import typer

from octavo import terminal
from octavo.commands import opening
from octavo.control import events
from octavo.control.delivery import actions
from octavo.errors import UsageError

app = typer.Typer(help="Look at deliveries, send them once more, try whether one arrives.", no_args_is_help=True)

_ACTOR = events.Actor.system("octavo deliver")


@app.command("list")
def list_deliveries(
    organization: opening.Slug = None,
    run: Annotated[int | None, typer.Option(min=1, help="Only those of this run.")] = None,
    state: Annotated[str | None, typer.Option(help="Only pending, sending, sent, failed or unknown ones.")] = None,
    most: Annotated[int, typer.Option(min=1, max=100, help="How many lines.")] = 20,
) -> None:
    """Show the latest deliveries, one a line: number, state, channel, recipient, run, and why it did not arrive."""
    if state is not None and state not in actions.STATES:
        raise UsageError(f"There is no state {state!r}; there are: {', '.join(actions.STATES)}")
    database, _ = opening.everything()
    with database.tenant(opening.organization(database, organization).id) as connection:
        found = actions.list_(connection, None, {"run_id": run, "state": state}, page_size=most)
    for one in found.items:
        about = f"run {one.run_id}" if one.run_id is not None else one.purpose
        terminal.say("  ".join(part for part in (str(one.id), one.state, one.channel, one.recipient, about, one.last_error or "") if part))
    if found.total > len(found.items):
        print(f"octavo: {found.total - len(found.items)} more", file=sys.stderr)


@app.command("retry")
def retry_delivery(
    delivery: Annotated[int, typer.Argument(min=1, help="Its number.")],
    organization: opening.Slug = None,
) -> None:
    """Send once more what failed, or what nobody knows of. A worker does it."""
    database, _ = opening.everything()
    with database.tenant(opening.organization(database, organization).id) as connection:
        found = actions.retry(connection, None, _ACTOR, delivery)
    terminal.say(f"The delivery {found.id} to {found.recipient} is {found.state}; a worker sends it")


@app.command("test")
def test_delivery(
    to: Annotated[str | None, typer.Option(help="An e-mail address.")] = None,
    place: Annotated[int | None, typer.Option(min=1, help="The number of a place.")] = None,
    organization: opening.Slug = None,
) -> None:
    """Send a test mail, or put a small file into a place and take it away. A worker does it; octavo deliver list tells how it went."""
    if (to is None) == (place is None):
        raise UsageError("Say what is tried: an address, by --to, or a place, by --place")
    database, _ = opening.everything()
    target = {"channel": "email", "to": to} if to is not None else {"channel": "place", "place_id": place}
    with database.tenant(opening.organization(database, organization).id) as connection:
        made = actions.try_out(connection, None, _ACTOR, actions.checked_target(connection, target))
    terminal.say(f"The delivery {made.id} to {made.recipient} is {made.state}; a worker sends it")
