"""The OpenAPI document, completed with what holds for every route: how one shows who one is, and the problems that any may answer with."""

from typing import Any

from fastapi import FastAPI

from octavo.web import problems

_WITH_BODY = ("post", "put", "patch")
_METHODS = (*_WITH_BODY, "get", "delete", "head", "options", "trace")


def install(app: FastAPI) -> None:
    """Has the application describe itself completely. Call it after the last route was added."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = described()
            for path, item in document["paths"].items():
                for method in item.keys() & set(_METHODS):
                    _complete(path, method, item[method])
            for name in ("HTTPValidationError", "ValidationError"):
                document["components"]["schemas"].pop(name, None)  # FastAPI's own shape of a 422, which is a problem here
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    statuses = {int(status) for status in responses if status.isdecimal() and int(status) >= 400}
    if operation.get("security"):
        statuses |= {401, 429, 503}
        # The token of a form alone lets nobody in: it goes with the cookie, where something is changed.
        operation["security"] = [{"Key": []}, {"Session": [], "Form": []} if method not in ("get", "head") else {"Session": []}]
    if method in _WITH_BODY:
        statuses |= {413, 415, 422}
    if operation.get("parameters"):
        statuses |= {422}
    if path.startswith("/api/"):
        statuses |= {429, 503}
    for status, problem in problems.documented(*sorted(statuses)).items():
        if "text/html" in responses.get(str(status), {}).get("content", {}):
            continue  # a page, which says it to people
        described = {key: value for key, value in problem.items() if key != "model"}
        responses[str(status)] = {**described, **{k: v for k, v in responses.get(str(status), {}).items() if k == "headers"}}
    operation["responses"] = dict(sorted(responses.items()))
