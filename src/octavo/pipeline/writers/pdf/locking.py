"""A password on a PDF: AES with 256 bits as PDF 2.0 has it (security handler revision 6), over everything in it, its metadata too."""

import secrets
from typing import BinaryIO


def lock(plain: BinaryIO, file: BinaryIO, password: str) -> None:
    """Writes the PDF so that it opens with the password alone. Whoever opens it may read, print, copy and have it read aloud."""
    import pikepdf  # only who asks for a password pays for it

    with pikepdf.open(plain) as document:
        # Nobody is told the owner's password: what it allows beyond the user's, everybody who opens the file may do anyway.
        encryption = pikepdf.Encryption(user=password, owner=secrets.token_urlsafe(32), R=6, aes=True, metadata=True)
        document.save(file, encryption=encryption, static_id=False)
