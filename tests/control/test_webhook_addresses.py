"""Where webhooks may be: on the public internet, however an address is spelled, and whatever a name leads to at the moment of the call."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address, ip_network
from threading import Thread

import pytest

from octavo import network
from octavo.control.webhooks import calling, rules
from octavo.errors import UsageError
from tests.conftest import ROOT


def corpus(name: str) -> list[str]:
    lines = (ROOT / "tests" / "corpora" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("# ")]


REFUSED, TAKEN = corpus("refused_addresses.txt"), corpus("taken_addresses.txt")


class Listening(HTTPServer):
    """A server on this machine that counts who comes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.calls = 0


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Listening)
        self.server.calls += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def here() -> Iterator[Listening]:
    server = Listening()
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_is_not_on_the_public_internet_is_refused_however_it_is_spelled(url: str) -> None:
    with pytest.raises(UsageError, match=r"(?i)nothing was changed"):
        rules.check_url(url, ())


@pytest.mark.parametrize(
    "url", ["https://example.org/\r\nHost: evil", "https://example.org/\x00", "https://example.org/\t", "", "https://" + "a" * 2000]
)
def test_an_address_with_what_belongs_in_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        rules.check_url(url, ())


@pytest.mark.parametrize("url", TAKEN)
def test_an_address_on_the_public_internet_is_taken(url: str) -> None:
    assert rules.check_url(url, ()) == url


@pytest.mark.parametrize("url", [url for url in REFUSED if url.startswith("https://")])
def test_what_was_refused_is_not_called_either(url: str, here: Listening) -> None:
    """As if it had come into the database another way; the port is that of a server that would answer."""
    host = url.removeprefix("https://").rpartition("@")[2].partition("/")[0]
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    looked_up: list[str] = []

    def lookup(name: str, port: int) -> list[str]:
        looked_up.append(name)
        return ["127.0.0.1"]

    caller = calling.Caller((), lookup=lookup, seconds=5)
    for scheme in ("http", "https"):
        with pytest.raises((network.Refused, calling.Unanswered)):
            caller.post(f"{scheme}://{host}:{here.server_port}/", b"{}", {})
    assert here.calls == 0


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["10.0.0.1", "192.168.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"], ["fe80::1%1"], ["224.0.0.1"], ["0.0.0.0"]],
)  # fmt: skip
def test_a_name_that_leads_inside_is_not_called(answers: list[str], here: Listening) -> None:
    caller = calling.Caller((), lookup=lambda name, port: answers, seconds=5)
    for url in (f"http://hooks.example:{here.server_port}/", "https://hooks.example/", "https://hooks.example:8443/"):
        with pytest.raises(network.Refused, match="does not call"):
            caller.post(url, b"{}", {})
    assert here.calls == 0


def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_the_one_that_is_called(here: Listening) -> None:
    """A resolver of an attacker answers with a good address first and with this machine's ever after."""
    good, asked = "127.0.0.1", []

    def rebinding(name: str, port: int) -> list[str]:
        asked.append(name)
        return [good] if len(asked) % 2 else ["127.0.0.2"]

    listed = (ip_network("127.0.0.1/32"),)
    caller = calling.Caller(listed, lookup=rebinding, seconds=5)
    assert caller.post(f"http://hooks.example:{here.server_port}/", b"{}", {}).status == 200
    assert (here.calls, asked) == (1, ["hooks.example"])
    with pytest.raises(network.Refused):  # and the next call looks anew, so that what was good once is no pass
        caller.post(f"http://hooks.example:{here.server_port}/", b"{}", {})
    assert here.calls == 1


def test_of_several_addresses_only_those_are_called_that_may_be(here: Listening) -> None:
    caller = calling.Caller((ip_network("127.0.0.1/32"),), lookup=lambda name, port: ["10.0.0.1", "::1", "127.0.0.1"], seconds=5)
    assert caller.post(f"http://hooks.example:{here.server_port}/", b"{}", {}).status == 200


def test_a_listed_network_may_be_called_by_http_on_any_port_and_nothing_beside_it(here: Listening) -> None:
    listed = network.networks(["127.0.0.0/30"], "X")
    assert rules.check_url(f"http://127.0.0.1:{here.server_port}/", listed)
    assert calling.Caller(listed, seconds=5).post(f"http://127.0.0.1:{here.server_port}/", b"{}", {}).status == 200
    for url in ("http://127.0.0.9:80/", "https://10.0.0.1/"):
        with pytest.raises(UsageError):
            rules.check_url(url, listed)
    public = calling.Caller(listed, lookup=lambda name, port: ["8.8.8.8"], seconds=5)
    for url in ("http://hooks.example/", "https://hooks.example:22/"):  # listing a network opens nothing else
        with pytest.raises(network.Refused, match="by https, on port 443 or 8443"):
            public.post(url, b"{}", {})


def test_a_network_that_is_none_is_refused_by_its_setting() -> None:
    with pytest.raises(UsageError, match="OCTAVO_WEBHOOK_NETWORKS is set wrongly"):
        network.networks(["10.0.0.1/8"], "OCTAVO_WEBHOOK_NETWORKS")


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"],
)
def test_an_address_of_the_public_internet_is_one(address: str) -> None:
    assert network.is_public(ip_address(address))


def test_a_name_that_is_not_found_or_not_in_time_is_told_so() -> None:
    def missing(name: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(calling.Unanswered, match="could not be reached"):
        calling.Caller((), lookup=missing, seconds=5).post("https://hooks.example/", b"", {})
