"""To a place: a folder outside that an administrator named once. The manifest goes first, then the file, whole; a file of another run is never touched.

What comes twice is seen to be there already, so nothing here is ever unknown.
"""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from octavo.control.delivery import channel, places, rules
from octavo.control.delivery.channel import Bench, HandOver, Outcome, Parcel
from octavo.control.delivery.door import Door, Refusing, Shut
from octavo.control.runs import rules as runs
from octavo.control.runs.actions import Run
from octavo.database.connection import Connection
from octavo.errors import Conflict, OtherSecret, UsageError
from octavo.pipeline import manifest, naming
from octavo.vault import Vault

_LARGEST_SEAL = 10_000_000


class Place:
    """`{"channel": "place", "place_id": 7, "folder": "2026/{report}"}`"""

    pauses: ClassVar[tuple[float, ...]] = rules.PAUSES

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._vault = Vault(bench.settings)

    @staticmethod
    def check(connection: Connection, target: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := set(target) - {"channel", "place_id", "folder"}:
            raise UsageError(f"A place takes place_id and folder; it takes no {', '.join(sorted(unknown))}")
        place_id, folder = target.get("place_id"), target.get("folder", "")
        if not isinstance(place_id, int) or isinstance(place_id, bool) or not 0 < place_id < 2**53:
            raise UsageError("A place is named by its number, as place_id")
        if not isinstance(folder, str) or len(folder) > 300:
            raise UsageError("A folder below a place is a text of at most 300 characters")
        place = places.find(connection, place_id)
        if not place.active:
            raise Conflict(f"The place {place.name!r} is out of use; take another, or have an administrator put it in use again")
        return {"channel": "place", "place_id": place.id, "folder": naming.check_folder(folder)}

    def send(self, parcel: Parcel, hand_over: HandOver) -> Outcome:
        with self._bench.database.tenant(parcel.organization.id) as connection:
            place = places.find(connection, int(parcel.target["place_id"]))
            try:
                where = places.where(connection, place, self._vault, self._bench.settings)
            except OtherSecret as error:
                return channel.failed("secret", str(error))
        try:
            with places.opened(where) as door:
                if parcel.run is None:
                    return _tried(door)
                return self._put(door, parcel, parcel.run)
        except Refusing as error:
            return channel.failed("refused", str(error))
        except Shut as error:
            return channel.again("unreachable", f"{error}; nothing is seen there under the name of the file")

    def close(self) -> None:
        """Places are opened for each file."""

    def _put(self, door: Door, parcel: Parcel, run: Run) -> Outcome:
        from octavo.control.delivery import wording  # only who sends pays for Babel

        folder = naming.folder(str(parcel.target.get("folder", "")), wording.words(run, parcel.organization.time_zone))
        name = naming.plain_name(runs.served(run.report, run.created_at, run.id, run.file_key or "", run.media_type).name)
        path = f"{folder}/{name}" if folder else name
        temporary = f"{folder}/{_temporary()}" if folder else _temporary()
        seal = self._bench.store.get(f"{run.file_key}{manifest.SUFFIX}")
        if seal is None or run.file_key is None or run.file_bytes is None:
            return channel.failed("gone", f"The file of the run {run.id} is not in the store any more; run it again")
        there, lies = door.read(path + manifest.SUFFIX, _LARGEST_SEAL), door.size(path)
        if (there is not None and there != seal) or (there is None and lies is not None):
            return channel.failed("taken", f"Another file is called {path} there already; nothing was overwritten. Name another folder")
        if there is None:
            door.write(path + manifest.SUFFIX, temporary, iter([seal]), len(seal))
        if lies is None:
            door.write(path, temporary, self._pieces(run.file_key), run.file_bytes)
        elif lies != run.file_bytes:
            return channel.failed("taken", f"What is called {path} there was changed since; nothing was overwritten")
        return channel.sent(path)

    def _pieces(self, key: str) -> Iterator[bytes]:
        return self._bench.store.pieces(key)


def _tried(door: Door) -> Outcome:
    """Puts a small file there and takes it away again."""
    name = f"octavo-test-{secrets.token_hex(6)}.txt"
    said = b"Octavo looks whether it may put files here.\n"
    door.write(name, _temporary(), iter([said]), len(said))
    there = door.read(name, 1000)
    door.remove(name)
    return (
        channel.sent("A file could be put there, read and taken away")
        if there == said
        else channel.failed("changed", "What was put there is not what is read there")
    )


def _temporary() -> str:
    """A name that nobody else takes, and that says what it is should it ever be left."""
    return f".octavo-{secrets.token_hex(8)}.part"
