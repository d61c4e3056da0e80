"""The same forty files from Octavo and from what a user would write instead, asked for by ten people at once."""

import asyncio
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from typing import Any

import httpx2 as httpx
from psycopg.conninfo import make_conninfo

from benchmarks.server import __main__ as bench
from benchmarks.server.world import FOLDER, World

Measured = tuple[float, float, float]
"""Seconds until all were there, p95 from request to file, the slowest listing meanwhile."""
PEOPLE = 10
FORMATS = ["csv"] * 14 + ["xlsx"] * 14 + ["json"] * 8 + ["pdf"] * 4
PDF_ROWS = 150
"""A PDF of 10,000 rows would keep the peer at work for minutes; so it sets a month's worth, as Octavo does."""


async def octavo(house: "bench.House", chance: random.Random) -> Measured:
    people = house.world.users[:: len(house.world.users) // PEOPLE]
    asks: list[bench.Ask] = [
        (
            bench.GENERATE,
            people[number % PEOPLE].asks(
                bench.GENERATE,
                {"format": format, "parameters": {"period": chance.choice(bench.MONTHS)} if format == "pdf" else {}},
            ),
        )
        for number, format in enumerate(FORMATS)
    ]
    begun = time.time()
    load = await _at_once(house.address, [person.key for person in people], asks, "/api/reports/generated")
    done, taken = bench.waits(house, load)
    assert done == len(asks)
    return max(at + took for at, took in zip(load.asked_at.values(), taken, strict=True)) - begun, bench.p(taken, 0.95), max(load.reads)


async def _at_once(address: str, keys: list[str], asks: list["bench.Ask"], listing: str) -> "bench.Load":
    load, over = bench.Load(), asyncio.Event()
    clients = [httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=600) for key in keys]

    async def asking(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
        begun = time.time()
        answer = await http.post(path, json=body)
        answer.raise_for_status()
        load.asked_at[path, answer.json()["id"]] = begun

    async def looking() -> None:
        while not over.is_set():
            await bench.read(clients[0], listing, load)
            await asyncio.sleep(0.2)

    looks = asyncio.create_task(looking())
    await asyncio.gather(*(asking(clients[number % len(clients)], *ask) for number, ask in enumerate(asks)))
    while True:
        states = [job["state"] for client in clients for job in _items((await client.get(listing)).json())]
        if "pending" not in states and "processing" not in states:
            break
        await asyncio.sleep(0.2)
    over.set()
    await looks
    for http in clients:
        await http.aclose()
    return load


def _items(answer: Any) -> list[dict[str, Any]]:
    return list(answer["items"] if isinstance(answer, dict) else answer)


def peer(world: World) -> Measured:
    out = FOLDER / "peer"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PEER_FOLDER": str(out), "PEER_DATABASE": make_conninfo(world.database.conninfo, user="postgres")}
    with (FOLDER / "peer.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "benchmarks.server.peer:app", "--port", str(port), "--log-level", "warning"],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        organizations = [person.organization.id for person in world.users[:: len(world.users) // PEOPLE]]
        asks: list[bench.Ask] = [
            (
                "/exports",
                {"organization": organizations[number % PEOPLE], "format": format, "rows": PDF_ROWS if format == "pdf" else 10_000},
            )
            for number, format in enumerate(FORMATS)
        ]
        return asyncio.run(_peer_measured(f"http://127.0.0.1:{port}", asks))
    finally:
        process.terminate()
        process.wait(60)


async def _peer_measured(address: str, asks: list["bench.Ask"]) -> Measured:
    begun = time.time()
    load = await _at_once(address, ["none"] * PEOPLE, asks, "/exports")
    async with httpx.AsyncClient(base_url=address) as http:
        jobs = (await http.get("/exports")).json()
    taken = [job["done"] - load.asked_at["/exports", job["id"]] for job in jobs]
    assert len(taken) == len(asks), "every file is there"
    return max(job["done"] for job in jobs) - begun, bench.p(taken, 0.95), max(load.reads)
