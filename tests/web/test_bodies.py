"""What is no request is refused as a problem, whatever way it comes in: too large, of another type, or JSON that means two things."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI

from octavo.web import bodies
from tests.web.conftest import Person

People = dict[str, Person]
PATH = "/api/reports/generate"
GOOD = {"report": "retail.sales", "format": "csv", "parameters": {"period": "2011-12"}}


def send(person: Person, content: bytes, kind: str | None = "application/json") -> tuple[int, str]:
    headers = {**person.headers, **({"Content-Type": kind} if kind else {})}
    answer = person.client.post(PATH, content=content, headers=headers)
    assert answer.headers["content-type"] == ("application/json" if answer.status_code == 202 else "application/problem+json")
    return answer.status_code, answer.json().get("detail", "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "no JSON"),
        (b"\xff\xfe\xfa", "UTF-8"),
        (b'{"report": "retail.sales", "report": "retail.sales"}', "'report' twice"),
        (b'{"report": "retail.sales", "parameters": {"a": 1, "a": 1}}', "'a' twice"),
        (b'{"report": "retail\\u0000sales"}', "NUL"),
        (b'{"report": "retail.sales", "parameters": {"a\\u0000": 1}}', "NUL"),
        (b'{"report": "retail.sales", "options": {"a": ["\\ud800"]}}', "surrogate"),
        (b'{"report": "retail.sales", "parameters": {"a": NaN}}', "number"),
        (b'{"report": "retail.sales", "parameters": {"a": -Infinity}}', "number"),
        (b'{"report": "retail.sales", "parameters": {"a": 1e999}}', "number"),
        (b'{"report": "retail.sales", "parameters": {"a": ' + b"9" * 101 + b"}}", "100 digits"),
        (b'{"report": "retail.sales", "parameters": {"a": ' + b"9" * 5000 + b"}}", "100 digits"),
        (b"[" * 65 + b"]" * 65, "64 lists"),
        (b"[" * 400_000 + b"]" * 400_000, "64 lists"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "64 lists"),
        (b"[]", ""),
        (b"null", ""),
        (b"", ""),
    ],
    ids=range(18),
)
def test_json_that_means_nothing_or_two_things_is_refused(ours: People, content: bytes, said: str) -> None:
    status, detail = send(ours["member"], content)
    assert status == 422
    assert said in detail and "nothing was changed" in detail
    assert ours["member"].get("/api/reports/generated").json()["total"] == 0


def test_what_is_at_the_limits_is_taken(ours: People) -> None:
    assert bodies.why_refused(b"[" * 64 + b"]" * 64) is None
    assert bodies.why_refused(b"9" * 100) is None
    assert bodies.why_refused('{"a": {"b": "\\ud83d\\ude00 ü"}, "b": {"b": 1}}'.encode()) is None


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data", None])
def test_a_body_that_is_not_said_to_be_json_is_refused(ours: People, kind: str | None) -> None:
    status, detail = send(ours["member"], json.dumps(GOOD).encode(), kind)
    assert (status, "application/json" in detail) == (415, True)


def test_json_is_taken_under_each_of_its_names(ours: People) -> None:
    for kind in ("application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"):
        assert send(ours["member"], json.dumps(GOOD).encode(), kind)[0] == 202, kind


def test_a_nul_in_a_query_is_refused_and_none_in_a_path_finds_anything(ours: People) -> None:
    for path, name in (("reports/generated", "report"), ("exports", "dataset"), ("reports/templates", "report"), ("audit", "action")):
        assert ours["admin"].get(f"/api/{path}", **{name: "a\x00b"}).status_code == 422, path
    assert ours["admin"].get("/api/catalog/%00").status_code == 404
    assert ours["admin"].get("/files/%00").status_code == 404


def test_another_method_is_told_which_ones_there_are(ours: People) -> None:
    answer = ours["admin"].client.request("DELETE", "/api/reports/templates", headers=ours["admin"].headers)
    assert (answer.status_code, answer.headers["allow"], "GET, POST" in answer.json()["detail"]) == (405, "GET, POST", True)
    for method in ("OPTIONS", "HEAD", "TRACE", "BREW"):
        answer = ours["admin"].client.request(method, "/api/members/1", headers=ours["admin"].headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PATCH")
    assert ours["admin"].get("/api/members/").status_code == 404


@pytest.fixture
def port(application: FastAPI) -> Iterator[int]:
    """The application behind a real socket."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("chunked", [False, True])
def test_twenty_megabytes_are_refused_with_a_problem_whether_or_not_they_say_their_length(port: int, ours: People, chunked: bool) -> None:
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {20_000_000}"
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{length}\r\nContent-Type: application/json\r\nAuthorization: Bearer {ours['admin'].key}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head.encode())
        piece = b" " * 100_000
        try:
            for _ in range(200):
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        except OSError:
            pass  # it answered and hung up before it had heard everything
        answer = b""
        while part := connection.recv(65536):
            answer += part
    status, _, rest = answer.decode().partition("\r\n")
    assert status.startswith("HTTP/1.1 413")
    problem = json.loads(rest.partition("\r\n\r\n")[2])
    assert (problem["status"], "1,000,000 bytes" in problem["detail"], problem["instance"]) == (413, True, PATH)
