"""What is looked at before a report is asked for with several values at once: that every combination can be asked, in one snapshot.

So all are asked for, or none. Where each becomes a run of its own the values are those of this moment; one file has those of its own snapshot.
"""

from dataclasses import replace

from octavo.control.access.actions import Principal
from octavo.control.templates.actions import Wanted
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline import each as eaches
from octavo.pipeline.snapshot import open_snapshot


def checked(database: Database, principal: Principal, asked: Wanted, settled: Wanted, reports: catalog.Catalog) -> Wanted:
    """What is asked for, with values in the place of `each.EVERY` where runs are made of them; `settled` is the same with what its template says.

    Raises UsageError naming what cannot be asked, TooLarge for too many combinations, DatabaseError.
    """
    organization = principal.organization
    entry = reports.report(settled.report or "", organization)
    eaches.check(entry, settled.parameters, settled.each)
    with open_snapshot(database, organization, settled.time_zone or organization.time_zone, short=True) as snapshot:
        each = eaches.offered(entry, settled.each, snapshot)
        eaches.resolve(entry, settled.parameters, each, snapshot, masked=not principal.may("reports.view_pii"))
    return asked if settled.made_as in eaches.WAYS[1:] else replace(asked, each=each)
