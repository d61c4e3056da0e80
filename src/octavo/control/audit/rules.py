"""What an anchor is: where the list of an organization ended at some time, written down outside the database."""

import re
from dataclasses import dataclass
from datetime import datetime

from octavo.errors import UsageError

_LINE = re.compile(
    r"octavo-audit (?P<organization>[a-z0-9][a-z0-9-]*) (?P<number>0|[1-9][0-9]{0,17}) (?P<hash>[0-9a-f]{64}) (?P<at>\S+)", re.ASCII
)


@dataclass(frozen=True)
class Anchor:
    """`number` 0 with a hash of zeros: nothing had happened yet."""

    organization: str
    number: int
    hash: bytes
    at: datetime

    @property
    def line(self) -> str:
        """As it is kept, and read again by `read_anchors`."""
        return f"octavo-audit {self.organization} {self.number} {self.hash.hex()} {self.at.isoformat()}"


def read_anchors(text: str) -> list[Anchor]:
    """The anchors in a file that holds one a line. Raises UsageError naming the line that is none."""
    anchors = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.strip())
        if not found:
            raise UsageError(f"Line {number} is no anchor; each is a line that octavo audit anchor printed")
        try:
            at = datetime.fromisoformat(found["at"])
        except ValueError as error:
            raise UsageError(f"Line {number} is no anchor: {found['at']!r} is no time") from error
        anchors.append(Anchor(found["organization"], int(found["number"]), bytes.fromhex(found["hash"]), at))
    if not anchors:
        raise UsageError("The file holds no anchor; each is a line that octavo audit anchor printed")
    return anchors
