"""Every error that Octavo tells a person: what happened, what was not changed, what to do.

One base class, so that each surface translates once: the CLI takes `exit_code`, the API will take `status`.
The text of an error never holds SQL, credentials or values of data.
"""


class OctavoError(Exception):
    """Something went wrong that a person can act on."""

    exit_code = 1
    status = 500


class UsageError(OctavoError):
    """The request itself is wrong: an unknown name, a bad value, a missing parameter."""

    exit_code = 2
    status = 422


class NotFound(UsageError):
    """What was named is not there."""

    status = 404


class NotInstalled(NotFound):
    """A report that this process does not have; one of another version may."""


class DefinitionError(OctavoError):
    """A pack or a report is written wrongly; it is said before anything is served."""


class DatabaseError(OctavoError):
    """The database cannot be used, or gave up in the middle."""

    status = 503


class OtherSecret(OctavoError):
    """What was sealed in the database was sealed with another secret than this process has; one with the same may read it."""

    status = 503


class NotReady(OctavoError):
    """The process lives and cannot work now; it says which of the things it needs is missing."""

    status = 503


class Busy(DatabaseError):
    """Too much is asked of the database at this moment; it will be better in a moment."""


class QueryFailed(DatabaseError):
    """A query of a report failed by what it asks or what it found, and would fail again."""


class TooLarge(UsageError):
    """The format cannot hold what was asked for; nothing is cut to make it fit."""

    status = 413


class StorageError(OctavoError):
    """A file could not be written, read or published."""

    status = 502


class Torn(OctavoError):
    """What was written is not what the snapshot holds; the file was thrown away."""


class Interrupted(OctavoError):
    """A process that was at work was killed from outside; the same may go well the next time."""


class HeldBack(OctavoError):
    """The condition under which a file is made at all does not hold."""


class VerificationFailed(OctavoError):
    """An artefact differs from its manifest."""


class Unauthenticated(OctavoError):
    """Who asks has shown no credential that is valid now. The answer never says which part of it is wrong."""

    exit_code = 2
    status = 401


class Forbidden(OctavoError):
    """Who asks is known, and may not do this."""

    exit_code = 2
    status = 403


class NeedsApproval(Forbidden):
    """More of a dataset would go out than anybody has approved."""


class Conflict(UsageError):
    """What was asked for does not fit what is there now: the name is taken, or the state has moved on."""

    status = 409


class Gone(UsageError):
    """What was named was there, and is not there any more."""

    status = 410


class TooManyRequests(OctavoError):
    """Too much was asked for in too short a time; `retry_after` is in seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
