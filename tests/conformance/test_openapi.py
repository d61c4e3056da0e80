"""The OpenAPI document is complete: every route says what it is for, every field what it means, every error its code and its shape."""

from collections.abc import Iterator
from typing import Any

import pytest

from octavo import app
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.settings import Settings

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
SHARED = {("get", "/share/{token}"), ("post", "/share/{token}")}
"""What somebody outside looks at: it says what is wrong on a page."""
PAGE = {"text/html": {"schema": {"type": "string"}}}
MAKES_WHAT_IT_NAMES = {("put", "/api/organization/holidays/{day}")}
OPEN = {
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/metrics"),
    ("get", "/docs"),
    ("get", "/files/{token}"),
    ("post", "/api/session"),
    *SHARED,
}
"""What needs no credential: the state of the process, the API's own description, what carries its own signature, and signing in."""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    given = Settings(data_dir=tmp_path_factory.mktemp("openapi"))
    return app.web(Database("dbname=nothing"), catalog.installed(), given).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_every_operation_says_what_it_is_for_and_every_parameter_what_it_means(document: dict[str, Any]) -> None:
    every = list(operations(document))
    assert len(every) > 40
    for method, path, operation in every:
        assert operation.get("summary") and operation.get("tags"), (method, path)
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (method, path, parameter["name"])
    ids = [operation["operationId"] for _, _, operation in every]
    assert len(set(ids)) == len(ids)


def test_every_field_of_every_schema_says_what_it_means(document: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description")
    ]
    assert silent == []


def test_every_error_has_its_code_and_is_a_problem(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        errors = {int(status): response for status, response in operation["responses"].items() if int(status) >= 400}
        for status, response in errors.items():
            shown = PAGE if (method, path) in SHARED else PROBLEM
            assert (response["content"], bool(response["description"])) == (shown, True), (method, path, status)
        if (method, path) not in OPEN:
            assert {401, 429, 503} <= set(errors), (method, path)
            expected = [{"Key": []}, {"Session": []} if method == "get" else {"Session": [], "Form": []}]
            assert operation["security"] == expected, (method, path)
        if "{" in path and (method, path) not in MAKES_WHAT_IT_NAMES:
            assert 404 in errors, (method, path)
        if operation.get("parameters"):
            assert 422 in errors, (method, path)
        if method in ("post", "put", "patch"):
            assert {413, 415, 422} <= set(errors), (method, path)
        if any(parameter["in"] == "path" and parameter["name"].endswith("_id") for parameter in operation.get("parameters", [])):
            assert 404 in errors, (method, path)


def test_every_success_has_a_shape_or_no_body(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        successes = {int(status): response for status, response in operation["responses"].items() if int(status) < 400}
        assert successes, (method, path)
        for status, response in successes.items():
            empty = status in (204, 303, 307)
            assert empty or response.get("content"), (method, path, status)


def test_what_needs_no_credential_is_a_short_list(document: dict[str, Any]) -> None:
    assert {(method, path) for method, path, operation in operations(document) if not operation.get("security")} == OPEN
