"""Where pages are declared. control/<module>/pages.py makes one Router and says on it what each address shows and takes."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from fastapi.routing import APIRoute


class PageRoute(APIRoute):
    """A route of a page: what the tests walk."""


class Router(APIRouter):
    """The pages of one module. They stand in no OpenAPI document: docs/api.md is for programs."""

    def __init__(self) -> None:
        super().__init__(include_in_schema=False, route_class=PageRoute, default_response_class=Response)

    def page(self, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A page that is looked at: GET. It changes nothing."""
        return self.get(path, response_class=Response)

    def form(self, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """What a form is sent to: POST. It answers with visit.go, or shows the form again."""
        return self.post(path, response_class=Response)
