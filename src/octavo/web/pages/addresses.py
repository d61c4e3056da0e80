"""Which addresses are pages, for people in a browser; every other is for programs, which are told problems as JSON."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

HOME = "/"
SIGN_IN = "/sign-in"

_FOR_PROGRAMS = ("/api", "/files", "/health", "/ready", "/metrics", "/docs", "/openapi.json", "/static")


def path_of(scope: Mapping[str, Any]) -> str:
    """The path of a request, without what a proxy put before it."""
    return str(scope["path"]).removeprefix(str(scope.get("root_path", ""))) or "/"


def is_page(scope: Mapping[str, Any]) -> bool:
    """Whether whoever asks is a person: decided by the path alone, never by what a request says that it would like."""
    path = path_of(scope)
    return not any(path == place or path.startswith(f"{place}/") for place in _FOR_PROGRAMS)


def safe(place: str | None) -> str:
    """Where to go on after signing in: a page of this server, or home when something else was asked for."""
    if not place or not place.isprintable() or not place.startswith("/") or place.startswith("//") or "\\" in place:
        return HOME
    parts = urlsplit(place)
    return HOME if parts.scheme or parts.netloc or not is_page({"path": parts.path}) else place
