"""The contract of a door: how files are put into one kind of place, whole or not at all, and what a place of that kind is described by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol
from urllib.parse import unquote, urlsplit

from octavo import network
from octavo.errors import StorageError, UsageError


class Shut(StorageError):
    """The place cannot be used now, and may be later."""


class Refusing(UsageError):
    """The place would not take it another time either, or Octavo does not go there."""


@dataclass(frozen=True)
class Kind:
    """What a place of one kind is called by in its URL, and what else is said of it. A secret that is `needed` may be one of several: "a|b"."""

    title: str
    example: str
    host: bool = True
    """Whether its URL names a server, or a bucket."""
    options: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Where:
    """A place to be opened: its URL taken apart, its options, and its secrets, which are in no text of it."""

    scheme: str
    host: str
    port: int | None
    user: str
    folder: str
    options: Mapping[str, str]
    secrets: "Secrets"
    listed: tuple[network.Network, ...]
    seconds: float

    def addresses(self, usual: int, host: str | None = None) -> list[network.Found]:
        """The addresses of its host that may be called. Raises Refusing where none may be, Shut where it is not found."""
        try:
            return network.find(host or self.host, self.port or usual, listed=self.listed, lookup=network.look_up, seconds=self.seconds)
        except network.Refused as refused:
            raise Refusing(
                f"The place is not called: {refused} (the owner of the server can list networks in OCTAVO_PLACE_NETWORKS)"
            ) from refused
        except OSError as error:
            raise Shut(f"The name {host or self.host} is not found") from error

    def require_protected(self, found: list[network.Found], protected: bool) -> list[network.Found]:
        """Those of the addresses that may be called so: what is not encrypted stays in listed networks. Raises Refusing."""
        kept = [one for one in found if protected or one.listed]
        if not kept:
            raise Refusing(
                f"Outside of the networks in OCTAVO_PLACE_NETWORKS files go over encrypted connections only, which {self.scheme}:// is not"
            )
        return kept


class Secrets(dict[str, str]):
    """Texts that no log and no traceback shows."""

    def __repr__(self) -> str:
        return f"<{len(self)} secrets>"

    __str__ = __repr__


class Door(Protocol):
    """An open place. A path is below its folder, with / between folders."""

    kind: ClassVar[Mapping[str, Kind]]
    """The kinds of places that it opens, by the scheme of their URLs."""

    def __init__(self, where: Where) -> None: ...

    def size(self, path: str) -> int | None:
        """How large the file there is; None where there is none. Raises Shut, Refusing."""
        ...

    def read(self, path: str, most: int) -> bytes | None:
        """The first bytes of the file there. Raises Shut, Refusing."""
        ...

    def write(self, path: str, temporary: str, pieces: Iterator[bytes], size: int) -> None:
        """Puts a file there, whole or not at all: under `temporary` (in the same folder) first, where the place renames. Raises Shut, Refusing."""
        ...

    def remove(self, path: str) -> None:
        """Takes a file away, if it is there. Raises Shut, Refusing."""
        ...

    def close(self) -> None:
        """Ends what it kept open."""
        ...


def taken_apart(url: str, kinds: Mapping[str, Kind]) -> tuple[str, str, int | None, str, str]:
    """Scheme, host, port, user and folder of a place's URL. Raises UsageError; no secret may stand in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError("The url of the place is no URL; write one such as sftp://user@host/folder") from error
    kind = kinds.get(parts.scheme)
    if kind is None:
        raise UsageError(f"A place has a url of one of these kinds: {', '.join(one.example for one in kinds.values())}")
    if parts.password is not None:
        raise UsageError("A secret does not stand in the url of a place, which everybody may read; give it in secrets")
    if parts.query or parts.fragment or bool(parts.hostname) != kind.host or not url.isprintable() or " " in url:
        raise UsageError(f"The url of this place is written like {kind.example}")
    folder = unquote(parts.path).strip("/")
    if any(part in ("", ".", "..") for part in folder.split("/")) and folder:
        raise UsageError(f"{folder!r} is no folder; name its parts without . and ..")
    return parts.scheme, parts.hostname or "", port, unquote(parts.username or ""), folder
