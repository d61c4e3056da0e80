"""Hearing what the database tells: one connection that listens, for a process that is asynchronous."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
from psycopg import sql

from octavo.database.connection import Database
from octavo.errors import DatabaseError

_QUIET_SECONDS = 10
"""After so long without a word it is asked whether it still lives: a network that swallows everything says nothing."""


async def hear(database: Database, channel: str) -> AsyncIterator[str | None]:
    """What is told on the channel, as it comes. None comes first, once it is listened to: whatever happened before was not heard.

    Raises DatabaseError, psycopg.Error, TimeoutError when the connection is lost.
    """
    try:
        named = replace(database, application_name=f"octavo listens to {channel}")
        connection = await psycopg.AsyncConnection.connect(named.address("octavo"), autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseError("The database cannot be listened to") from error
    async with connection:
        await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        yield None
        while True:
            async for notice in connection.notifies(timeout=_QUIET_SECONDS):
                yield notice.payload
            async with asyncio.timeout(_QUIET_SECONDS):
                await connection.execute("select 1")
