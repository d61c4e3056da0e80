"""By e-mail: one message for each recipient, with the file when it is small and a link when it is not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from octavo.control.delivery import channel, notices, rules
from octavo.control.delivery.channel import Bench, HandOver, Outcome, Parcel
from octavo.database.connection import Connection
from octavo.errors import UsageError

if TYPE_CHECKING:
    from octavo.control.delivery.mail import letter, relay

_HEADERS = 100_000
"""What a mail has beside its attachment, at most: both texts and the headers."""


class Email:
    """`{"channel": "email", "to": "someone@example.org"}`"""

    pauses: ClassVar[tuple[float, ...]] = rules.PAUSES

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._relay: relay.Relay | None = None
        self._written: tuple[object, letter.Letter] | None = None

    @staticmethod
    def check(connection: Connection, target: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := set(target) - {"channel", "to"}:
            raise UsageError(f"An e-mail goes to one address, given as to; it takes no {', '.join(sorted(unknown))}")
        to = rules.address(target.get("to"))
        domains = notices.setting(connection).allowed_domains
        if not rules.is_allowed(to, domains):
            raise UsageError(rules.not_allowed(to, domains))
        return {"channel": "email", "to": to}

    def send(self, parcel: Parcel, hand_over: HandOver) -> Outcome:
        try:
            relay = self._open()
        except UsageError as error:
            return channel.failed("settings", str(error))
        with self._bench.database.tenant(parcel.organization.id) as connection:
            setting = notices.setting(connection)

        def send(attach: bool) -> Outcome:
            return relay.send(
                rules.address(self._bench.settings.mail_from),
                str(parcel.target["to"]),
                lambda largest: self._letter(parcel, setting, largest, attach).to(str(parcel.target["to"]), parcel.message_id),
                hand_over,
            )

        outcome = send(True)
        if outcome.kind == "too_large" and self._attaches(parcel, None):  # a limit that the server kept to itself
            outcome = send(False)
        return outcome

    def close(self) -> None:
        if self._relay is not None:
            self._relay.close()

    def _open(self) -> "relay.Relay":
        """Raises UsageError where the server has no mail server, or its URL is wrong."""
        from octavo.control.delivery.mail import relay

        if self._relay is None:
            settings = self._bench.settings
            if settings.mail_url is None:
                raise UsageError("This server sends no mails: OCTAVO_MAIL_URL is not set where its workers run")
            called = rules.address(settings.mail_from).rpartition("@")[2]
            server = relay.read_url(settings.mail_url.get_secret_value())
            self._relay = relay.Relay(server, timeout=settings.mail_timeout_seconds, called=called)
        return self._relay

    def _attaches(self, parcel: Parcel, largest: int | None) -> bool:
        from octavo.control.delivery.mail import letter

        if parcel.purpose != "file" or parcel.run is None or parcel.run.file_bytes is None:
            return False
        encoded = letter.encoded_bytes(parcel.run.file_bytes)
        return encoded <= self._bench.settings.mail_attachment_bytes and (largest is None or encoded + _HEADERS <= largest)

    def _letter(self, parcel: Parcel, setting: notices.Setting, largest: int | None, attach: bool) -> "letter.Letter":
        """The mail, which is the same for all recipients of one run: it is made once for those that come one after the other."""
        from octavo.control.delivery.mail import letter

        attaches = attach and self._attaches(parcel, largest)
        run = parcel.run
        about = (parcel.organization.id, parcel.purpose, parcel.occasion, run and (run.id, run.attempt, run.state), setting, attaches)
        if self._written is None or self._written[0] != about:
            attachment = None
            if attaches and run is not None:
                contents = self._bench.store.get(run.file_key or "")
                if contents is None:
                    raise UsageError(f"The file of the run {run.id} is not in the store any more")
                attachment = letter.Attachment(letter.save_as(run), run.media_type or "application/octet-stream", contents)
            self._written = about, letter.write(parcel, setting, self._bench.settings, attachment)
        return self._written[1]
