"""Passwords: kept as argon2id, compared in the same time whether there is one or not, and guessing at them slowed down for all servers together."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache

import argon2

from octavo.control.access import rules
from octavo.database.connection import Database
from octavo.errors import TooManyRequests

HASHER = argon2.PasswordHasher()
"""argon2id with the second recommended set of RFC 9106: 64 MiB, 3 passes."""


def matches(stored: str | None, password: str) -> bool:
    """Whether it is the password that is kept so. Where none is kept it is not, and that takes as long."""
    try:
        return HASHER.verify(stored or _nobodys(), password[:1001]) and stored is not None
    except argon2.exceptions.VerifyMismatchError:
        return False


@cache
def _nobodys() -> str:
    """A hash that no password has."""
    return HASHER.hash(rules.new_secret())


def count_guess(database: Database, guessers: Mapping[str, int], what: str) -> list[bytes]:
    """Counts an attempt before it is judged, by each of the guessers, which may go wrong so often at once.

    Raises TooManyRequests when one of them must wait.
    """
    hashed = [hashlib.sha256(text.encode()).digest() for text in guessers]
    with database.app() as connection:
        for guesser, allowed in zip(hashed, guessers.values(), strict=True):
            row = connection.execute("select octavo.count_guess(%s, %s)", [guesser, allowed]).fetchone()
            wait = int(str(row[0])) if row else 0
            if wait:
                raise TooManyRequests(f"Too many attempts {what}; wait {wait} seconds and try again", wait)
    return hashed


def forgive(database: Database, forgotten: Sequence[bytes], lessened: Sequence[bytes] = ()) -> None:
    """A right password was no guess: forgets those counted by the first, and this one of the second, which may have others."""
    with database.app() as connection:
        connection.execute("delete from octavo.sign_in_guess where guesser = any(%s)", [list(forgotten)])
        connection.execute("update octavo.sign_in_guess set failures = greatest(failures - 1, 0) where guesser = any(%s)", [list(lessened)])
