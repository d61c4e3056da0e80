"""The secret of one installation: the keys that are derived from it, and what is sealed with it because it must be read again.

It is OCTAVO_SECRET_KEY, or a file in the data folder. Whoever has it can sign links and open what is sealed; the database alone can do neither.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from octavo.errors import OtherSecret
from octavo.settings import Settings

_NONCE_BYTES = 12


class Vault:
    """All processes with the same secret take what any of them signed or sealed."""

    def __init__(self, settings: Settings) -> None:
        given = settings.secret_key
        self._secret = given.get_secret_value().encode() if given else _kept(settings.data_dir.expanduser())

    def key(self, purpose: str) -> bytes:
        """A key of 256 bits for one purpose; none tells anything of another, nor of the secret."""
        return hmac.digest(self._secret, purpose.encode(), hashlib.sha256)

    def seal(self, text: str, about: str) -> bytes:
        """The text so that only this installation reads it (AES-256-GCM), and only as what it is `about`: moved elsewhere it opens no more."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # only who has something to hide pays for it

        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.key("octavo sealed texts")).encrypt(nonce, text.encode(), about.encode())

    def open(self, sealed: bytes, about: str) -> str:
        """The text that was sealed. Raises OtherSecret when it was sealed elsewhere, as something else, or changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self.key("octavo sealed texts")).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise OtherSecret(
                "What is sealed in the database cannot be read here: this process has another secret than the one that sealed it. Give every "
                "process of the server the same OCTAVO_SECRET_KEY"
            ) from error


def _kept(folder: Path) -> bytes:
    """The secret in the data folder, made at the first use. It appears there whole: of two who make it, the first one's stays."""
    path = folder / "signing.key"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made = folder / f".signing.key-{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(made)
        except FileExistsError:
            pass
        finally:
            made.unlink(missing_ok=True)
    return path.read_bytes()
