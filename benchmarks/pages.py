"""`python -m benchmarks pages`: how long the server takes for each page, over HTTP, where much has happened; writes the section "Pages".

The world is that of the browser tests, in which a busy organization's years are then copied from what is there: its runs, exports, deliveries,
audit list, templates, schedules and their past times, and the customers that a form looks up.
"""

import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import psycopg
from psycopg import sql
from tests.browser import addresses, world
from tests.conftest import superuser

from benchmarks import data, page
from benchmarks.timing import p95
from octavo import app
from octavo.database import embedded, migrate
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.settings import Settings

EACH = 40
BAR = 100
"""Milliseconds, at the 95th percentile."""
PORT = int(os.environ.get("PORT", "8792"))

MANY = {
    "octavo.generated_report": (
        100_000,
        {
            "created_at": "now() - n * interval '84 seconds'",
            "started_at": "now() - n * interval '84 seconds'",
            "completed_at": "now() - n * interval '84 seconds' + interval '3 seconds'",
            "state": "case when n % 17 = 0 then 'failed' else 'completed' end",
            "error_kind": "case when n % 17 = 0 then 'query' end",
            "error_message": "case when n % 17 = 0 then 'The query took longer than it may' end",
            "file_key": "case when n % 17 > 0 then one.file_key || n end",
            "expires_at": "case when n % 17 > 0 then now() - n * interval '84 seconds' + interval '90 days' end",
        },
    ),
    "octavo.export_request": (50_000, {"created_at": "now() - n * interval '10 minutes'", "state": "case n % 20 when 0 then 'pending' else 'cancelled' end"}),
    "octavo.delivery": (50_000, {"created_at": "now() - n * interval '1 minute'", "occasion": "'copy ' || n"}),
    "octavo.report_template": (2_000, {"name": "'Template ' || n"}),
    "octavo.scheduled_report": (3_000, {"name": "'Schedule ' || n"}),
}  # fmt: skip
"""Of which tables there is to be how much of what is there: copies of one row, with these columns otherwise."""
MORE = """
insert into octavo.past_run (organization_id, id, report, format, source, state, records, file_bytes, duration_ms, created_at, completed_at)
select organization_id, 1000000000 + n, report, format, source, 'expired', 40, 20000, 900, now() - interval '98 days' - n * interval '3 minutes', now() - interval '98 days' - n * interval '3 minutes'
from octavo.generated_report, generate_series(1, 200000) n where organization_id = %(organization)s and id = %(run)s;
insert into octavo.scheduled_tick (organization_id, schedule_id, planned_at, kind, days, state, reason, fired_at, settled_at)
select organization_id, id, now() - n * interval '25 minutes', 'planned', '{}', 'completed', '', now(), now()
from octavo.scheduled_report, generate_series(1, 100) n where organization_id = %(organization)s on conflict do nothing;
insert into octavo.audit_entry select %(organization)s, n, now() - (300000 - n) * interval '1 minute', %(person)s, null, 'somebody@aurora.example', '10.0.0.1', 'r',
    (array['run.requested', 'run.completed', 'export.requested', 'session.begun'])[1 + n %% 4], (array['run', 'run', 'export', 'session'])[1 + n %% 4], n,
    '{"report": "energy.contracts", "format": "csv"}', sha256('x')
from generate_series((select number + 1 from octavo.audit_head where organization_id = %(organization)s), 300000) n;
update octavo.audit_head set number = 300000 where organization_id = %(organization)s;
insert into retail.customer (organization_id, number, name) select %(organization)s, 'N' || n, 'Customer ' || n from generate_series(1, 100000) n;
"""
ASKED = (
    "/history?page=400", "/history?report=retail.sales&since=2026-01-01", "/history?state=failed", "/exports?state=pending", "/exports?page=1000",
    "/audit?action=session.begun", "/audit?subject=run", "/audit?page=3000", "/schedules?show=upcoming", "/templates?q=Template+19",
    "/settings/deliveries?state=failed",
)  # fmt: skip
"""What is asked beside every page and what the browser tests ask."""


def much(database: Database, organization: int, things: Mapping[str, Any]) -> None:
    """Has much happened in the organization that has these things."""
    server = psycopg.conninfo.conninfo_to_dict(database.conninfo)
    with psycopg.connect(superuser(database.conninfo), dbname=server["dbname"], autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        for table, (count, changed) in MANY.items():
            _copy(connection, table, organization, count, changed, things["run"] if table == "octavo.generated_report" else None)
        psycopg.ClientCursor(connection).execute(
            cast(Any, MORE), {"organization": organization, "person": things["person"], "run": things["run"]}
        )
        connection.execute("vacuum (analyze)")


def _copy(
    connection: psycopg.Connection, table: str, organization: int, count: int, changed: Mapping[str, str], copied: int | None
) -> None:
    schema, name = table.split(".")
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s and is_generated = 'NEVER' and is_identity = 'NO'",
        [schema, name],
    )
    columns = [str(row[0]) for row in found if row[0] != "id"]
    told = [sql.SQL(cast(Any, changed[column])) if column in changed else sql.Identifier("one", column) for column in columns]
    connection.execute(
        sql.SQL("insert into {0} ({1}) select {2} from (select * from {0} where organization_id = {3} and id = coalesce({5}, id) order by id limit 1) as one, generate_series(1, {4}) n").format(
            sql.Identifier(schema, name), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(told), organization, count, copied
        )
    )  # fmt: skip


def signed_in(name: str, password: str) -> str:
    """The cookie of somebody's session."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request(
        "POST", "/sign-in", urlencode({"email": name, "password": password}), {"Content-Type": "application/x-www-form-urlencoded"}
    )
    answer = connection.getresponse()
    if (cookie := answer.headers.get("Set-Cookie")) is None:
        sys.exit(f"nobody was signed in: {answer.status}")
    return cookie.split(";")[0]


def taken(places: list[str], cookie: str) -> dict[str, list[float]]:
    """The milliseconds of each answer, from the request to its last byte, by page; the first, which fills caches, left out."""
    connection, found = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60), dict[str, list[float]]()
    for place in places:
        for number in range(EACH + 1):
            begun = time.perf_counter()
            connection.request("GET", place, headers={"Cookie": cookie})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"{place} was answered {answer.status}")
            if number:
                found.setdefault(place, []).append((time.perf_counter() - begun) * 1000)
    return found


def main() -> None:
    data.FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.FOLDER.absolute()) as name:
        folder = Path(name)
        conninfo = embedded.start(folder)
        migrate.apply(conninfo, migrate.sources(catalog.installed().migrations))
        given = Settings(data_dir=folder, store_url=str(folder / "store"))
        made = world.made(Database(conninfo), given)
        admin = made.person("admin")
        much(Database(conninfo), admin.organization.id, made.things)
        environment = {
            **os.environ, "OCTAVO_DATABASE_URL": "", "OCTAVO_DATA_DIR": str(folder), "OCTAVO_STORE_URL": given.store_place,
            "OCTAVO_REQUESTS_PER_MINUTE": "1000000",
        }  # fmt: skip
        server = subprocess.Popen(
            [sys.executable, "-m", "octavo", "serve", "--port", str(PORT)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert server.stdout is not None
            server.stdout.readline()
            places = [
                *addresses.pages(app.web(Database(conninfo), catalog.installed(), given), made.things),
                *addresses.asked(made.things),
                *ASKED,
            ]
            found = taken([place for place in dict.fromkeys(places) if place not in addresses.OPEN], signed_in(admin.name, admin.password))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    lines, held = _lines(found)
    print("\n".join(lines))
    page.write_section("Pages", _section(found, lines))
    sys.exit(0 if held else 1)


def _lines(found: Mapping[str, list[float]]) -> tuple[list[str], bool]:
    """A line for each page, and whether the bar holds for all."""
    slow = [place for place, times in found.items() if p95(times) > BAR]
    return [
        f"| `{place}` | {statistics.median(times):.0f} ms | {p95(times):.0f} ms{' **FAILS**' if place in slow else ''} |"
        for place, times in found.items()
    ], not slow


def _section(found: Mapping[str, list[float]], lines: list[str]) -> str:
    everything = [one for times in found.values() for one in times]
    many = ", ".join(f"{count:,} of {table}" for table, (count, _) in MANY.items())
    return f"""Every page that is shown to an administrator, over HTTP from one `octavo serve`, {EACH} times each, from the request to the last byte; the database on the same machine.
The organization has {many}, 200,000 runs that are past, 300,000 entries of audit, 300,000 past times of schedules and 100,000 customers. The bar is {BAR} ms at the 95th percentile, for each page;
over all pages it is {p95(everything):.0f} ms, the median {statistics.median(everything):.0f} ms.

| page | median | p95 |
|---|---:|---:|
{chr(10).join(lines)}
"""


if __name__ == "__main__":
    main()
