"""A password on a file: in the file itself where its format knows passwords, else in a zip around it, by AES with 256 bits.

The contents are encrypted on their way into the scratch file: what is stored was never there without the password.
"""

import re
import secrets
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from octavo.errors import UsageError, VerificationFailed
from octavo.pipeline.document import Document
from octavo.pipeline.writer import Format, Options

SHORTEST, LONGEST = 12, 100
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without what is mistaken for one another when it is read aloud or typed from paper."""
_TYPEABLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_PIECE = 1 << 20
_ZIP = "zip"


def made() -> str:
    """A new password of 100 random bits, in four groups."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def check(password: str) -> None:
    """Raises UsageError for one that is guessed too soon, or that some program could not be given: they write what is not ASCII in different ways."""
    if not (SHORTEST <= len(password) <= LONGEST and _TYPEABLE.fullmatch(password)):
        raise UsageError(
            f"The password of a file has {SHORTEST} to {LONGEST} characters, of those on every keyboard (ASCII), with no space at its ends; "
            "nothing was made. Leave it out, and one is made"
        )


def refuse_options(format_: Format, options: Options) -> None:
    """Raises UsageError where what was asked of the format allows no password."""
    if reason := options.why_no_password():
        raise UsageError(f"{format_.title} cannot be made so: {reason}; nothing was made")


def under(format_: Format, password: str | None) -> Format:
    """The format with that password on what it makes; the format itself without one."""
    if password is None:
        return format_

    def write(document: Document, file: BinaryIO, options: Any) -> None:
        refuse_options(format_, options)
        with cast(BinaryIO, tempfile.TemporaryFile()) as plain:  # it has no name, so nobody else opens it, and it is gone with the process
            format_.write(document, plain, options)
            plain.seek(0)
            if format_.lock is not None:
                format_.lock(plain, file, password)
            else:
                extension, _ = format_.file_kind(document, options)
                _zip(document, plain, extension, file, password)

    def file_kind(document: Document, options: Any) -> tuple[str, str]:
        return format_.file_kind(document, options) if format_.lock is not None else (_ZIP, "application/zip")

    return replace(format_, write=write, file_kind=file_kind)


def _zip(document: Document, plain: IO[bytes], extension: str, file: BinaryIO, password: str) -> None:
    """The file in a zip by AES-256 (WinZip's AE-2), which 7-Zip, WinZip and the archivers of Linux and macOS open."""
    import pyzipper  # only who asks for a password pays for it

    at = document.taken_at.timetuple()[:6]
    with pyzipper.AESZipFile(file, "w", compression=pyzipper.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.setpassword(password.encode())
        archive.setencryption(pyzipper.WZ_AES, nbits=256)
        for name, contents in _members(document, plain, extension):
            info = archive.zipinfo_cls(name, date_time=at)
            info.compress_type = pyzipper.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                while piece := contents.read(_PIECE):
                    member.write(piece)


def _members(document: Document, plain: IO[bytes], extension: str) -> Iterator[tuple[str, IO[bytes]]]:
    """What goes into the zip: the file, or, where that is a zip itself, what is in it."""
    if extension != _ZIP:
        yield f"{document.report}.{extension}", plain
        return
    with zipfile.ZipFile(plain) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                yield name, member


@contextmanager
def opened(path: Path, password: str) -> Iterator[Path]:
    """What is in the zip that `under` made, as a file for as long as the block lasts; a plain zip of it where that is several files.

    It lies in a folder that only this person may enter. Raises VerificationFailed when the password does not open it.
    """
    import pyzipper  # only who opens one pays for it

    with tempfile.TemporaryDirectory(prefix="octavo-opened-") as folder:
        inside = Path(folder) / "file"
        try:
            with pyzipper.AESZipFile(path) as archive:
                archive.setpassword(password.encode())
                names = archive.namelist()
                if len(names) > 1:
                    with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as plain:
                        for name in names:
                            with archive.open(name) as member, plain.open(name, "w", force_zip64=True) as file:
                                shutil.copyfileobj(member, file, _PIECE)
                else:
                    with archive.open(names[0]) as member, inside.open("wb") as file:
                        shutil.copyfileobj(member, file, _PIECE)
        except (RuntimeError, ValueError, zipfile.BadZipFile, pyzipper.BadZipFile, zlib.error, EOFError) as error:
            raise VerificationFailed(
                f"{path.name} is not opened by this password, or is damaged; see that it was typed as it was given"
            ) from error
        yield inside
