"""Links to the files of a folder: signed and short-lived, one made for each click after a permission check. Whoever has one may use it until it ends."""

import hashlib
import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

from octavo.errors import NotFound
from octavo.vault import Vault


class Signer:
    """Signs what a link says, with a key that only this installation has: all web processes with the same secret take each other's links."""

    def __init__(self, vault: Vault, purpose: str = "octavo links to files") -> None:
        self._key = vault.key(purpose)

    def sign(self, text: str, seconds: int) -> str:
        """A token that says `text` for so many seconds."""
        said = f"{int(time.time()) + seconds}:{text}".encode()
        return urlsafe_b64encode(self._mark(said) + said).decode().rstrip("=")

    def read(self, token: str) -> str:
        """What a token says. Raises NotFound when it was not made here, or has ended."""
        try:
            given = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            mark, said = given[:32], given[32:]
            ends, _, text = said.decode().partition(":")
            if hmac.compare_digest(mark, self._mark(said)) and int(ends) >= time.time():
                return text
        except (ValueError, UnicodeDecodeError):
            pass
        raise NotFound("This link has ended or was never made; ask for the download again")

    def _mark(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, hashlib.sha256)
