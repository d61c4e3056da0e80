"""The API for people to read: one page made from the OpenAPI document, with nothing fetched from anywhere and no script."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(tags=["operation"])

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
nav ul { columns: 2 22rem; padding-left: 1rem } code, pre { font: 0.9em/1.5 ui-monospace, monospace }
pre { background: var(--soft); padding: .75rem; overflow-x: auto } section { border-top: 1px solid var(--line); margin-top: 2rem }
table { border-collapse: collapse; width: 100% } th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top }
"""
_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; base-uri 'none'; frame-ancestors 'none'"

_METHODS = ("get", "post", "put", "patch", "delete")


@router.get("/docs", summary="The API for people to read", response_class=HTMLResponse)
def documentation(request: Request) -> HTMLResponse:
    return HTMLResponse(page(request.app.openapi(), request.scope.get("root_path", "")), headers={"Content-Security-Policy": _POLICY})


def page(document: dict[str, Any], root_path: str = "") -> str:
    """The whole page of an OpenAPI document."""
    return "\n".join(_page(document, root_path))


def _page(document: dict[str, Any], root: str) -> Iterator[str]:
    info = document["info"]
    operations = [
        (f"{method}{path}", method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(info["title"])} API</title>'
    yield f"<style>{_STYLE}</style><main><h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('summary', ''))}</p>"
    yield "<p>Every request names who asks: <code>Authorization: Bearer</code> with an API key, or with a token of the host application. The organization "
    yield f'comes from that alone. Errors are problems as RFC 9457 says. For machines: <a href="{escape(root)}/openapi.json">openapi.json</a>.</p><nav><ul>'
    for anchor, method, path, operation in operations:
        yield f'<li><a href="#{escape(anchor)}"><code>{method.upper()} {escape(path)}</code></a> {escape(operation["summary"])}</li>'
    yield "</ul></nav>"
    for anchor, method, path, operation in operations:
        yield f'<section id="{escape(anchor)}"><h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation["summary"])}.</p>'
        if said := operation.get("description"):
            yield f"<p>{escape(said)}</p>"
        yield from _operation(document, root, method, path, operation)
        yield "</section>"
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield f'<section id="schema-{escape(name)}"><h2>{escape(name)}</h2><p>{escape(schema.get("description", ""))}</p>'
        yield from _fields(schema)
        yield "</section>"
    yield "</main></html>"


def _operation(document: dict[str, Any], root: str, method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    command = f'curl -sS {"" if method == "get" else f"-X {method.upper()} "}"$OCTAVO{root}{path}"'
    if operation.get("security"):
        command += ' -H "Authorization: Bearer $KEY"'
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        command += " -H 'Content-Type: application/json' -d '{...}'"
    yield f"<pre>{escape(command)}</pre>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>Parameter<th>In<th>Type<th>What it is</tr>"
        for one in parameters:
            must = " (must be given)" if one.get("required") and one["in"] != "path" else ""
            yield f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{_type(one['schema'])}<td>{escape(one.get('description', ''))}{must}</tr>"
        yield "</table>"
    if body:
        yield f"<p>Body: {_type(body)}</p>"
    yield "<table><tr><th>Answer<th>What it is<th>Body</tr>"
    for status, answer in operation["responses"].items():
        bodies = ", ".join(
            f"{_type(content['schema'])} <code>{escape(kind)}</code>" if content.get("schema") else f"<code>{escape(kind)}</code>"
            for kind, content in answer.get("content", {}).items()
        )
        yield f"<tr><td>{escape(status)}<td>{escape(answer.get('description', ''))}<td>{bodies}</tr>"
    yield "</table>"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    if not schema.get("properties"):
        return
    yield "<table><tr><th>Field<th>Type<th>What it is</tr>"
    for name, field in schema["properties"].items():
        must = (
            " (must be given)"
            if name in schema.get("required", ())
            else f" Default {escape(json.dumps(field['default']))}."
            if "default" in field
            else ""
        )
        yield f"<tr><td><code>{escape(name)}</code><td>{_type(field)}<td>{escape(field.get('description', ''))}{must}</tr>"
    yield "</table>"


def _type(schema: dict[str, Any]) -> str:
    """A type in words; a named one leads to its table."""
    if reference := schema.get("$ref"):
        name = escape(reference.rsplit("/", 1)[-1])
        return f'<a href="#schema-{name}">{name}</a>'
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return " or ".join(_type(one) for one in schema[choice])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("format") or schema.get("type") or "any"
    return escape(str(kind))
