"""What the matrix of routes knows: who may call each operation, with what, and which of its values name something of an organization.

It is written by hand, independently of the code: a route, a parameter or a field that is not known here fails the matrix, which is its purpose.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Method = str
Json = Any

VIEW, EXPORT, APPROVE, MANAGE, AUDIT = "view", "export", "approve", "manage", "audit"
ADMINISTER = "administer"
"""An administrator with a credential that is not narrowed."""
ANYBODY = "anybody"
"""Every member of the organization, whatever they may."""
OPEN = "open"
"""Needs no credential."""

MAY = {
    "viewer": {ANYBODY, VIEW},
    "member": {ANYBODY, VIEW, EXPORT},
    "admin": {ANYBODY, VIEW, EXPORT, APPROVE, MANAGE, AUDIT, ADMINISTER},
}

PLAIN = {
    "page", "page_size", "state", "format", "active", "action", "subject", "since", "until", "days", "name", "description", "options",
    "sections", "time_zone", "locale", "reason", "role", "view_pii", "password", "current", "new", "scopes", "threshold", "personal_threshold",
    "approval_days", "export_days", "report_days", "archive_exports", "archive_reports", "archive_years", "row_days", "idempotency-key", "branding",
    "currency", "default_date_range_days", "template_config", "branding_config", "fields", "field", "op", "value", "date_range", "start",
    "end", "seconds", "last-event-id", "channel", "purpose", "recipient", "to", "folder", "deliver_to", "message", "on_success",
    "on_failure", "recipients", "from_name", "reply_to", "weekly_summary", "allowed_domains", "retry_unknown", "secrets", "rows",
    "protection", "note", "most_downloads", "live", "enabled", "most_days", "needs_password", "url", "events", "hours", "arrangement",
    "order", "descending", "group_by", "totals", "formats", "rule", "frequency", "every", "days_of_week", "day_of_month",
    "weekday_of_month", "business_day_of_month", "month", "time_of_day", "starts_on", "ends_on", "when_closed", "missed",
    "missed_within_hours", "overlap", "condition", "only_if", "metric", "comparison", "pause_after_failures", "take_over", "paused",
    "count", "planned_at", "after", "send", "day", "compare", "made_as",
}  # fmt: skip
"""Values that name nothing of an organization."""

KINDS = {
    "run_id": "run", "export_id": "export", "template_id": "template", "schedule_id": "schedule", "owner_id": "person", "project_id": "project", "user_id": "person", "key_id": "key",
    "subject_id": "run", "report": "report", "dataset": "report", "token": "link", "organization": "slug", "email": "email",
    "webhook_id": "webhook", "delivery_id": "delivery", "share_id": "share", "place_id": "place",
    "group_id": "group", "each": "each", "plan_hash": "plan", "parameters": "parameters", "report_parameters": "buyer", "filters": "filters",
}  # fmt: skip
"""Values that name something of one, and what."""


@dataclass(frozen=True)
class Operation:
    """One operation of the OpenAPI document, and what the matrix knows of it."""

    method: Method
    path: str
    described: Mapping[str, Any]
    needs: str
    body: Mapping[str, Any] | None = None
    """A body that is taken; "$template" stands for what the organization has of that kind, "$fresh" for a word that nothing is called yet."""
    state: str = ""
    """In which state what the path names must be."""
    session: bool = False
    """Whether only a session may call it."""
    query: Mapping[str, Any] = field(default_factory=dict)
    """What every call of it asks, so that it ends."""

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def parameters(self) -> list[dict[str, Any]]:
        return list(self.described.get("parameters", []))


@dataclass(frozen=True)
class Known:
    """What is known of an operation before the document is read."""

    needs: str
    body: Mapping[str, Any] | None = None
    state: str = ""
    session: bool = False
    query: Mapping[str, Any] = field(default_factory=dict)


TEMPLATE = {
    "name": "$fresh",
    "report": "energy.contracts",
    "format": "csv",
    "project_id": "$project",
    "parameters": {"project_id": "$plant"},
}
SCHEDULE = {
    "name": "$fresh",
    "template_id": "$template",
    "formats": ["csv"],
    "rule": {"frequency": "daily", "time_of_day": "06:00", "time_zone": "UTC"},
    "parameters": {"project_id": "$plant"},
}
STRETCH = {"after": "2024-01-01T00:00:00Z", "until": "2024-01-02T00:00:00Z"}
RUN = {"report": "energy.contracts", "format": "csv"}
"""Without its plant, which parameters and each name in turn: said in both it would be refused for that."""
EXPORT_BODY = {"dataset": "energy.contracts", "format": "csv", "parameters": {"project_id": "$plant"}, "reason": "matrix"}
KEPT = {"export_days": 7, "report_days": 90, "archive_exports": False, "archive_reports": True, "archive_years": 10, "row_days": 7}
RUNS, EXPORTS, SCHEDULES = "/api/reports/generated", "/api/exports", "/api/reports/scheduled"
TOLD = {"on_success": True, "on_failure": True, "recipients": ["$fresh@nobody.example"]}
PLACE = {
    "name": "$fresh",
    "url": "sftp://octavo@files.example/in",
    "options": {"host_key": "SHA256:x"},
    "secrets": {"password": "$password"},
}
DELIVERIES, TELLING, PLACES = "/api/reports/deliveries", "/api/reports/notifications", "/api/places"
SHARES, WEBHOOKS = "/api/reports/shares", "/api/webhooks"

KNOWN: dict[tuple[Method, str], Known] = {
    ("get", "/api/me"): Known(ANYBODY),
    ("get", "/api/session"): Known(ANYBODY, session=True),
    ("post", "/api/session"): Known(OPEN, {"email": "$email", "password": "$password", "organization": "$slug"}),
    ("delete", "/api/session"): Known(ANYBODY),
    ("put", "/api/session/organization"): Known(ANYBODY, {"organization": "$slug"}, session=True),
    ("put", "/api/session/password"): Known(ANYBODY, {"current": "$password", "new": "$password"}, session=True),
    ("get", "/api/members"): Known(ADMINISTER),
    ("post", "/api/members"): Known(ADMINISTER, {"email": "$fresh@nobody.example", "role": "viewer"}),
    ("get", "/api/members/{user_id}"): Known(ADMINISTER),
    ("patch", "/api/members/{user_id}"): Known(ADMINISTER, {"role": "member"}),
    ("get", "/api/keys"): Known(ANYBODY),
    ("post", "/api/keys"): Known(ANYBODY, {"name": "more", "days": 1}, session=True),
    ("delete", "/api/keys/{key_id}"): Known(ANYBODY),
    ("get", "/api/organization"): Known(VIEW),
    ("patch", "/api/organization"): Known(ADMINISTER, {"name": "Renamed", "currency": "USD"}),
    ("get", "/api/organization/weekend"): Known(VIEW),
    ("put", "/api/organization/weekend"): Known(ADMINISTER, {"days": [0]}),
    ("get", "/api/organization/holidays"): Known(VIEW),
    ("put", "/api/organization/holidays/{day}"): Known(ADMINISTER, {"name": "matrix"}),
    ("delete", "/api/organization/holidays/{day}"): Known(ADMINISTER),
    ("get", "/api/projects"): Known(VIEW),
    ("post", "/api/projects"): Known(ADMINISTER, {"name": "$fresh"}),
    ("get", "/api/projects/{project_id}/members"): Known(ADMINISTER),
    ("put", "/api/projects/{project_id}/members/{user_id}"): Known(ADMINISTER),
    ("delete", "/api/projects/{project_id}/members/{user_id}"): Known(ADMINISTER),
    ("get", "/api/catalog"): Known(VIEW),
    ("get", "/api/catalog/{report}"): Known(VIEW),
    ("post", "/api/reports/templates"): Known(MANAGE, TEMPLATE),
    ("get", "/api/reports/templates"): Known(VIEW),
    ("get", "/api/reports/templates/{template_id}"): Known(VIEW),
    ("put", "/api/reports/templates/{template_id}"): Known(MANAGE, {**TEMPLATE, "name": "Renamed"}),
    ("delete", "/api/reports/templates/{template_id}"): Known(MANAGE),
    ("post", SCHEDULES): Known(MANAGE, SCHEDULE, state="scheduled"),
    ("get", SCHEDULES): Known(VIEW),
    ("get", SCHEDULES + "/upcoming"): Known(VIEW),
    ("get", SCHEDULES + "/overdue"): Known(VIEW),
    ("post", SCHEDULES + "/next"): Known(VIEW, SCHEDULE["rule"]),  # type: ignore[arg-type]
    ("get", SCHEDULES + "/{schedule_id}"): Known(VIEW),
    ("put", SCHEDULES + "/{schedule_id}"): Known(MANAGE, {**SCHEDULE, "name": "Renamed"}, state="scheduled"),
    ("delete", SCHEDULES + "/{schedule_id}"): Known(MANAGE),
    ("post", SCHEDULES + "/{schedule_id}/activate"): Known(MANAGE, state="idle"),
    ("post", SCHEDULES + "/{schedule_id}/deactivate"): Known(MANAGE),
    ("get", SCHEDULES + "/{schedule_id}/next"): Known(VIEW),
    ("get", SCHEDULES + "/{schedule_id}/ticks"): Known(VIEW),
    ("post", SCHEDULES + "/{schedule_id}/trigger"): Known(MANAGE, state="triggered"),
    ("post", SCHEDULES + "/{schedule_id}/preview"): Known(MANAGE, state="triggered"),
    ("post", SCHEDULES + "/{schedule_id}/backfill"): Known(MANAGE, STRETCH, state="triggered"),
    ("put", "/api/reports/templates/{template_id}/approval"): Known(APPROVE, {"rows": 50}, state="another's"),
    ("delete", "/api/reports/templates/{template_id}/approval"): Known(APPROVE),
    ("post", "/api/reports/generate"): Known(EXPORT, RUN),
    ("get", "/api/reports/summary/{report}"): Known(VIEW, state="summary"),
    ("get", RUNS): Known(VIEW),
    ("get", "/api/reports/statistics"): Known(VIEW),
    ("get", "/api/reports/recent"): Known(VIEW),
    ("get", RUNS + "/{run_id}"): Known(VIEW),
    ("get", RUNS + "/{run_id}/manifest"): Known(VIEW, state="completed"),
    ("get", RUNS + "/{run_id}/download"): Known(VIEW, state="completed"),
    ("get", RUNS + "/{run_id}/events"): Known(VIEW, state="completed"),
    ("get", "/api/reports/events"): Known(VIEW, query={"seconds": 1}),
    ("post", RUNS + "/{run_id}/cancel"): Known(EXPORT, state="pending"),
    ("post", RUNS + "/{run_id}/retry"): Known(EXPORT, state="cancelled"),
    ("post", RUNS + "/{run_id}/hold"): Known(MANAGE, {"reason": "matrix"}, state="completed"),
    ("post", RUNS + "/{run_id}/release"): Known(MANAGE, {"reason": "matrix"}, state="held"),
    ("get", "/api/retention"): Known(VIEW),
    ("put", "/api/retention"): Known(MANAGE, KEPT),
    ("post", "/api/retention/preview"): Known(MANAGE, KEPT),
    ("post", "/api/retention/hold"): Known(MANAGE, {"reason": "matrix"}),
    ("post", "/api/retention/release"): Known(MANAGE, {"reason": "matrix"}),
    ("post", EXPORTS): Known(EXPORT, EXPORT_BODY),
    ("get", EXPORTS): Known(EXPORT),
    ("get", EXPORTS + "/statistics"): Known(APPROVE),
    ("get", EXPORTS + "/settings"): Known(EXPORT),
    ("put", EXPORTS + "/settings"): Known(MANAGE, {"threshold": 5, "personal_threshold": 5, "approval_days": 3}),
    ("get", EXPORTS + "/{export_id}"): Known(EXPORT),
    ("post", EXPORTS + "/{export_id}/approve"): Known(APPROVE, {"plan_hash": "$plan"}, state="pending"),
    ("post", EXPORTS + "/{export_id}/reject"): Known(APPROVE, {"reason": "no"}, state="refused"),
    ("post", EXPORTS + "/{export_id}/cancel"): Known(EXPORT, state="withdrawn"),
    ("get", EXPORTS + "/{export_id}/download"): Known(EXPORT, state="completed"),
    ("get", SHARES + "/settings"): Known(VIEW),
    ("put", SHARES + "/settings"): Known(MANAGE, {"enabled": True, "most_days": 90, "needs_password": False}),
    ("post", SHARES): Known(MANAGE, {"run_id": "$run", "days": 3, "password": "$password", "note": "matrix"}, state="completed"),
    ("get", SHARES): Known(VIEW),
    ("get", SHARES + "/{share_id}"): Known(VIEW),
    ("get", SHARES + "/{share_id}/uses"): Known(MANAGE),
    ("delete", SHARES + "/{share_id}"): Known(MANAGE, state="doomed"),
    ("get", "/share/{token}"): Known(OPEN, state="shared"),
    ("post", "/share/{token}"): Known(OPEN, state="shared"),
    ("post", WEBHOOKS): Known(MANAGE, {"url": "https://hooks.example.org/matrix", "events": ["run.completed"]}),
    ("get", WEBHOOKS): Known(VIEW),
    ("get", DELIVERIES): Known(VIEW),
    ("get", DELIVERIES + "/statistics"): Known(VIEW),
    ("get", DELIVERIES + "/{delivery_id}"): Known(VIEW, state="mailed"),
    ("post", DELIVERIES + "/{delivery_id}/retry"): Known(EXPORT, state="mailed"),
    ("get", RUNS + "/{run_id}/deliveries"): Known(VIEW, state="completed"),
    ("get", TELLING): Known(VIEW),
    ("put", TELLING): Known(MANAGE, TOLD),
    ("post", TELLING + "/test"): Known(EXPORT, {}),
    ("get", PLACES): Known(VIEW),
    ("post", PLACES): Known(MANAGE, PLACE),
    ("get", PLACES + "/{place_id}"): Known(VIEW),
    ("put", PLACES + "/{place_id}"): Known(MANAGE, PLACE),
    ("delete", PLACES + "/{place_id}"): Known(MANAGE, state="doomed"),
    ("post", PLACES + "/{place_id}/test"): Known(MANAGE),
    ("get", WEBHOOKS + "/{webhook_id}"): Known(VIEW),
    ("patch", WEBHOOKS + "/{webhook_id}"): Known(MANAGE, {"description": "matrix"}),
    ("post", WEBHOOKS + "/{webhook_id}/secret"): Known(MANAGE, {"hours": 1}),
    ("post", WEBHOOKS + "/{webhook_id}/test"): Known(MANAGE),
    ("get", WEBHOOKS + "/{webhook_id}/deliveries"): Known(VIEW),
    ("post", WEBHOOKS + "/{webhook_id}/deliveries/{delivery_id}/replay"): Known(MANAGE),
    ("delete", WEBHOOKS + "/{webhook_id}"): Known(MANAGE, state="doomed"),
    ("get", "/api/audit"): Known(AUDIT),
    ("get", "/files/{token}"): Known(OPEN),
    ("get", "/health"): Known(OPEN),
    ("get", "/ready"): Known(OPEN),
    ("get", "/metrics"): Known(OPEN),
    ("get", "/docs"): Known(OPEN),
}


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Every operation of the document with what is known of it. Fails on one that is not known, and on what is known and is not there."""
    found = {(method, path): described for path, item in document["paths"].items() for method, described in item.items()}
    unknown = set(found) - set(KNOWN)
    assert not unknown, f"these routes are not covered; say in {__name__}.KNOWN who may call them, and with what: {sorted(unknown)}"
    assert set(KNOWN) == set(found), f"these routes are not there any more: {sorted(set(KNOWN) - set(found))}"
    return [Operation(method, path, found[method, path], **vars(known)) for (method, path), known in KNOWN.items()]


@dataclass(frozen=True)
class Place:
    """Where in a request a value may name something of an organization."""

    where: str
    """path, query, header or body."""
    name: str
    kind: str


def places(operation: Operation, document: Mapping[str, Any]) -> list[Place]:
    """Every such place of an operation. Fails on a parameter or field that is neither known to name something nor to name nothing."""
    named = [(parameter["in"], parameter["name"]) for parameter in operation.parameters]
    content = operation.described.get("requestBody", {}).get("content", {})
    named += [("body", name) for media in content.values() for name in _fields(media["schema"], document)]
    unknown = {name for _, name in named} - PLAIN - set(KINDS)
    assert not unknown, f"{operation.name}: it is not known what {sorted(unknown)} may name; say it in {__name__}"
    return [Place(where, name, KINDS[name]) for where, name in named if name in KINDS]


def _fields(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """The names of all fields that a body may have, however deep."""
    if "$ref" in schema:
        yield from _fields(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _fields(choice, document)
    if isinstance(schema.get("items"), dict):
        yield from _fields(schema["items"], document)
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from _fields(inner, document)


@dataclass(frozen=True)
class Call:
    """A request that is about to be made."""

    operation: Operation
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None

    def naming(self, place: Place, value: Any) -> "Call":
        """The same call with another value in one place."""
        changed = {**(getattr(self, place.where) or {}), place.name: value}
        return replace(self, **{place.where: changed})
