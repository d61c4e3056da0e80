"""The template that says just what somebody asks for, so that none need be made to schedule it."""

from collections.abc import Mapping
from typing import Any

from octavo.control.access.actions import Principal
from octavo.control.templates import actions
from octavo.control.templates.actions import Content, Template, Wanted
from octavo.database.connection import Connection
from octavo.pipeline.catalog import Entry
from octavo.web.pages import parameters

MOST_LOOKED_AT = 200


def find(connection: Connection, principal: Principal, said: Content, entry: Entry) -> Template | None:
    """The first made, of those in use that this principal may see and that make the same, branded as the organization is; one for all before one of a project."""
    asked = _asked(entry, said.parameters or {}, (said.template_config or {}).get("each", {}))
    found = actions.list_(connection, principal, report=entry.key, page_size=MOST_LOOKED_AT).items
    same = [
        one for one in found
        if one.format == said.format and not one.branding_config and _config(one.template_config) == _config(said.template_config or {})
        and asked == _asked(entry, actions.filled(one, Wanted(), entry).parameters, one.template_config.get("each", {}))
    ]  # fmt: skip
    return min(same, key=lambda one: (one.project_id is not None, one.id), default=None)


def _config(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in config.items() if said and name != "each"}


def _asked(entry: Entry, given: Mapping[str, Any], each: Mapping[str, Any]) -> dict[str, Any]:
    """What the report is asked, with its defaults; a number as its text, however it was typed."""
    defaults = {one.name: one.default for one in parameters.of(entry) if one.name not in each}
    return {name: _plain(said) for name, said in {**defaults, **given, **each}.items()}


def _plain(said: Any) -> Any:
    if said is None or isinstance(said, bool):
        return said
    return [_plain(one) for one in said] if isinstance(said, list | tuple) else str(said)
