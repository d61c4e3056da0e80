"""Errors as RFC 9457 problems, or as a page where a person asked for one: what happened, that nothing was changed, and what to do.

Never SQL, secrets or values of data.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from octavo.errors import DatabaseError, OctavoError, TooManyRequests, Unauthenticated
from octavo.web.pages import addresses, told

MEDIA_TYPE = "application/problem+json"
_AWAY_SECONDS = "5"
_NO_TEXT = (None, "22021", "22P05")
"""What psycopg (no code) and PostgreSQL say of a NUL in a text."""
_log = logging.getLogger("octavo.web")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field("about:blank", description="The kind of problem; the status says it.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened and what to do.")
    instance: str = Field(description="The path that was asked.")
    request_id: str = Field(description="Name this when you ask for help; it stands in the log.")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer with, for OpenAPI. Where a credential is needed, requests are counted and the database is asked."""
    if 401 in statuses:
        statuses = tuple(sorted({*statuses, 429, 503}))
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def answer(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as a response."""
    if addresses.is_page(request.scope):
        return told.problem(request, status, detail, headers)
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        request_id=str(request.scope.get("octavo.request_id", "")),
    )
    return JSONResponse(problem.model_dump(), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answers every error with a problem."""
    app.add_exception_handler(OctavoError, _octavo)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(psycopg.Error, _database)
    app.add_exception_handler(Exception, _unexpected)


def _octavo(request: Request, error: Exception) -> Response:
    assert isinstance(error, OctavoError)
    if isinstance(error, Unauthenticated) and addresses.is_page(request.scope):
        return told.to_sign_in(request)
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, DatabaseError) and error.status == 503:
        headers["Retry-After"] = _AWAY_SECONDS
    return answer(request, error.status, str(error), headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    return answer(request, 422, f"{where}: {first['msg']}; nothing was changed")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        lists = "the pages begin at home" if addresses.is_page(request.scope) else "/openapi.json lists what there is"
        return answer(request, 404, f"There is nothing at this address; {lists}")
    if error.status_code == 405:
        allowed = ", ".join(sorted(_methods_of(request)))
        return answer(request, 405, f"This address takes {allowed} only; see /openapi.json", {"Allow": allowed})
    return answer(request, error.status_code, str(error.detail), error.headers)


def _methods_of(request: Request) -> set[str]:
    """What the address takes: what is written of that very address (/settings), or else by all of its routes (/{id})."""
    paths = request.app.openapi()["paths"]
    if written := paths.get(request.scope["path"].removeprefix(request.scope.get("root_path", ""))):
        return {method.upper() for method in written}
    every = {method for methods in paths.values() for method in methods}
    taken = set()
    for method in every:
        scope = {**request.scope, "method": method.upper()}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes):
            taken.add(method.upper())
    return taken


def _database(request: Request, error: Exception) -> Response:
    assert isinstance(error, psycopg.Error)
    if error.sqlstate == "OC001":  # octavo.refuse: a rule that the database keeps, in words for people
        return answer(request, 409, str(error.diag.message_primary))
    if isinstance(error, psycopg.DataError) and error.sqlstate in _NO_TEXT:
        return answer(request, 422, "A value holds a character that no text can hold, such as NUL; nothing was changed")
    _log.error("database error", extra={"sqlstate": error.sqlstate, "kind": type(error).__name__})
    return answer(
        request, 503, "The database did not answer as it should; nothing was changed. Try again in a moment", {"Retry-After": _AWAY_SECONDS}
    )


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected error", exc_info=error, extra={"request_id": request.scope.get("octavo.request_id")})
    return answer(request, 500, "Something unexpected happened; nothing was changed. Tell the operator the request id")
