"""Whom Octavo calls when others say whom to call: addresses of the public internet, and the networks that the server's owner lists. Nobody else.

A name is looked up once for each call; each address that comes back is checked, and the connection is made to the address that was checked. So
it does not matter how an address is spelled, nor what a name means a moment later.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from octavo.errors import UsageError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Iterable[str]]
"""Gives the addresses of a name. Raises OSError."""

# The registries of IANA for special purposes (RFC 6890 and its updates); what is not for everybody to reach.
_SPECIAL_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # public by its number, but every machine at Azure finds its host there
    )
)  # fmt: skip
_GLOBAL_6 = IPv6Network("2000::/3")
_SPECIAL_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID and the like
        "2001:db8::/32", "3fff::/20",  # documentation
        "2002::/16",  # 6to4, which leads to any IPv4 address
    )
)  # fmt: skip


class Refused(Exception):
    """The address is not one that is called; its text says why."""


@dataclass(frozen=True)
class Found:
    """An address that was checked. `listed`: the owner of the server has listed its network."""

    address: Address
    listed: bool


def networks(texts: Sequence[str], setting: str) -> tuple[Network, ...]:
    """The networks that a setting lists. Raises UsageError naming it."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise UsageError(f'{setting} is set wrongly: {error}; write a JSON list of networks such as ["10.1.0.0/16"]') from error


def is_listed(address: Address, listed: Sequence[Network]) -> bool:
    """Whether an address lies in one of these networks."""
    plain = _unmapped(address)
    return any(plain in network for network in listed if network.version == plain.version)


def is_public(address: Address) -> bool:
    """Whether it is an address of one machine on the public internet."""
    plain = _unmapped(address)
    if isinstance(plain, IPv4Address):
        return not any(plain in network for network in _SPECIAL_4)
    return plain.scope_id is None and plain in _GLOBAL_6 and not any(plain in network for network in _SPECIAL_6)


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def literal(host: str) -> Address | None:
    """The address that a host is when it is no name, in any of the spellings that a system takes for one (127.1, 0x7f000001, 2130706433)."""
    text = host.removeprefix("[").removesuffix("]").rstrip(".")
    try:
        return ip_address(text)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(text))
    except (OSError, UnicodeError):
        return None


def find(host: str, port: int, *, listed: Sequence[Network], lookup: Lookup, seconds: float) -> list[Found]:
    """The addresses of a host that may be called, in the order in which they came. Raises Refused where there is none of them, OSError."""
    known = literal(host)
    texts = [str(known)] if known is not None else _looked_up(host, port, lookup, seconds)
    addresses = list(dict.fromkeys(ip_address(text) for text in texts))
    found = [Found(address, inside) for address in addresses if (inside := is_listed(address, listed)) or is_public(address)]
    if not found:
        raise Refused("it is an address that Octavo does not call: one of this machine, of a private network, or for special purposes")
    return found


def look_up(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _looked_up(host: str, port: int, lookup: Lookup, seconds: float) -> list[str]:
    """In a thread of its own, because the system's resolver takes no time limit."""
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(list(lookup(host, port)))
        except (OSError, UnicodeError) as error:
            answers.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if not answers:
        raise TimeoutError("the name could not be looked up in time")
    if isinstance(answers[0], BaseException):
        raise OSError("the name could not be looked up") from answers[0]
    found: list[str] = answers[0]
    return found
