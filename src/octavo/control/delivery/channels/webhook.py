"""To a webhook: a signed message (Standard Webhooks) that names what happened and where the API tells more of it. Never data of a report.

It may arrive twice; its id is the same each time, and its server throws away what it has.
"""

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, cast

from octavo import __version__, metrics, network
from octavo.control import events
from octavo.control.delivery import channel
from octavo.control.delivery.channel import Bench, HandOver, Outcome, Parcel
from octavo.control.webhooks import actions as webhooks
from octavo.control.webhooks import calling, rules
from octavo.database.connection import Connection
from octavo.errors import Conflict, UsageError
from octavo.vault import Vault

SENDER = events.Actor.system("octavo worker")

_PLACES = {
    "run": "/api/reports/generated/{}", "export": "/api/exports/{}", "share": "/api/reports/shares/{}", "template": "/api/reports/templates/{}",
}  # fmt: skip


class Webhook:
    """`{"channel": "webhook", "webhook_id": 3}`"""

    pauses: ClassVar[tuple[float, ...]] = (1, 5, 30, 120, 720, 1440, 2004)
    """Eight tries; three days where the first pause is a minute."""

    def __init__(self, bench: Bench, caller: calling.Caller | None = None) -> None:
        self._database, self._settings = bench.database, bench.settings
        self._vault = Vault(bench.settings)
        self._caller = caller or calling.Caller(webhooks.listed(bench.settings))

    @staticmethod
    def check(connection: Connection, target: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := set(target) - {"channel", "webhook_id"}:
            raise UsageError(f"A webhook takes webhook_id; it takes no {', '.join(sorted(unknown))}")
        webhook_id = target.get("webhook_id")
        if not isinstance(webhook_id, int) or isinstance(webhook_id, bool) or not 0 < webhook_id < 2**53:
            raise UsageError("A webhook is named by its number, as webhook_id")
        webhook = webhooks.find(connection, webhook_id)
        if webhook.state != "active":
            raise Conflict(f"The webhook {webhook_id} is {webhook.state} ({webhook.state_reason}); make it active, or take another")
        return {"channel": "webhook", "webhook_id": webhook_id}

    def send(self, parcel: Parcel, hand_over: HandOver) -> Outcome:
        """Reads what there is to say, says it with no transaction open, and notes how it went."""
        webhook_id = int(parcel.target["webhook_id"])
        with self._database.tenant(parcel.organization.id) as connection:
            found = [one for one in webhooks.list_(connection) if one.id == webhook_id]
            if not found or found[0].state != "active":
                why = f"is {found[0].state}: {found[0].state_reason}" if found else "is not there any more"
                return channel.failed("inactive", f"The webhook {webhook_id} {why}; nothing was sent")
            secrets = webhooks.secrets(connection, self._vault, webhook_id)
            message_id, body = self._message(connection, parcel)
        written = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        now = int(time.time())
        headers = {
            "Content-Type": "application/json", "User-Agent": f"Octavo/{__version__}", "webhook-id": message_id, "webhook-timestamp": str(now),
            "webhook-signature": " ".join(rules.signature(secret, message_id, now, written) for secret in secrets),
        }  # fmt: skip
        outcome, why = self._call(found[0].url, written, headers)
        with self._database.tenant(parcel.organization.id) as connection:
            if outcome.ending == "sent":
                webhooks.arrived(connection, webhook_id, why)
            else:
                webhooks.not_arrived(
                    connection, SENDER, webhook_id, why, gone=outcome.kind == "gone", most_days=self._settings.webhook_pause_days
                )
        return outcome

    def _call(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[Outcome, str]:
        """What became of it, and the same in a few words."""
        begun = time.monotonic()
        try:
            status = self._caller.post(url, body, headers).status
        except network.Refused as refused:
            metrics.WEBHOOK_CALLS.labels("refused").inc()
            return channel.failed("refused", f"The webhook was not called: {refused}"), str(refused)
        except calling.Unanswered as error:
            metrics.WEBHOOK_CALLS.labels("unanswered").inc()
            return channel.again("unanswered", f"The webhook did not answer: {error}"), str(error)
        metrics.WEBHOOK_SECONDS.observe(time.monotonic() - begun)
        metrics.WEBHOOK_CALLS.labels(f"{status // 100}xx").inc()
        said = f"HTTP {status}"
        if 200 <= status < 300:
            return channel.sent(said), said
        if status == 410:
            return channel.failed("gone", "The webhook's server says that it is gone for good (HTTP 410); it is told nothing more"), said
        if 300 <= status < 400:
            return channel.again("redirected", f"The webhook's server sends on elsewhere ({said}), where Octavo does not follow"), said
        return channel.again("refused_there", f"The webhook's server did not take it ({said})"), said

    def _message(self, connection: Connection, parcel: Parcel) -> tuple[str, dict[str, Any]]:
        """The id of the message, the same at each attempt and replay, and what it says."""
        organization = parcel.organization
        if parcel.run is not None:
            run = parcel.run
            about = {"subject": "run", "id": run.id, "report": run.report, "format": run.format, "url": self._url("run", run.id)}
            at = run.completed_at or run.created_at
            return f"run_{organization.id}_{run.id}", self._body(organization.slug, "run.completed", at.isoformat(), about)
        number = parcel.occasion.partition("/")[0]
        row = (
            number
            and connection.execute(
                "select action, at, subject, subject_id from octavo.audit_entry where number = %s::bigint", [number]
            ).fetchone()
        )
        if not row:
            made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            return f"test_{organization.id}_{parcel.delivery_id}", self._body(organization.slug, "webhook.test", made, {})
        action, recorded_at, subject, subject_id = cast("tuple[str, datetime, str, int | None]", row)
        about = {"subject": subject, "id": subject_id, "url": self._url(subject, subject_id)}
        return f"evt_{organization.id}_{number}", self._body(organization.slug, action, recorded_at.isoformat(), about)

    def _body(self, organization: str, kind: str, at: str, about: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": kind, "timestamp": at, "data": {"organization": organization, **about}}

    def _url(self, subject: str, number: object) -> str | None:
        """Where the API tells more; below the address of the server where that is known."""
        if subject not in _PLACES:
            return None
        return (self._settings.public_url or "").rstrip("/") + _PLACES[subject].format(number)

    def close(self) -> None:
        """Nothing is kept open."""
