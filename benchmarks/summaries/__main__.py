"""`python -m benchmarks summaries`: how long summaries take over HTTP, for one client and for ten at once; writes the section "Summaries".

"alone" is one client, as in the documents' own figures; "the same" is ten clients who ask the same at the same time; "different" are ten who each ask for something else (another period, another
day, another project), so that no answer is shared. Nothing is compared: nobody else offers such a thing over the same tables.
Reports may be named (`python -m benchmarks.summaries energy.settlement`); then nothing is written.
"""

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from benchmarks import page
from benchmarks.summaries.world import FOLDER, WORLDS, World, contents, prepare
from benchmarks.timing import p95
from octavo.control.access import actions as access
from octavo.control.summaries import rules
from octavo.database.connection import Database
from octavo.errors import UsageError
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization

CLIENTS = 10
EACH = int(os.environ.get("ROUNDS", "12"))
PORT = int(os.environ.get("PORT", "8791"))

Query = dict[str, str]


def reports(world: World) -> list[str]:
    """What is asked of an organization."""
    return list(world.reports) or [key for key, entry in catalog.installed().entries.items() if _has_summary(entry)]


def _has_summary(entry: catalog.Entry) -> bool:
    try:
        return bool(rules.sections(entry))
    except UsageError:
        return False


def different(database: Database, organization: Organization, report: str) -> list[Query]:
    """Ten questions of which each is about something else: another project of another billing period, another day, another year."""
    asked = catalog.installed().entries[report].report.parameters.model_fields
    if "billing_period_id" in asked:
        with database.tenant(organization.id) as connection:
            projects = [str(row[0]) for row in connection.execute("select id from energy.project order by id")]
            periods = [
                str(row[0])
                for row in connection.execute("select id from energy.billing_period where end_date < current_date order by end_date desc")
            ]
        return [{"project_id": projects[n % len(projects)], "billing_period_id": periods[n % len(periods)]} for n in range(CLIENTS)]
    if report == "retail.sales" and organization.slug != "documents":
        return [{"period": f"2023-{n + 1:02}-01/2024-{n + 1:02}-28"} for n in range(CLIENTS)]
    days = [datetime.now(UTC).date() - timedelta(days=n) for n in range(1, CLIENTS + 1)]
    if "as_of" in asked:
        return [{"as_of": day.isoformat()} for day in days]
    return [{"period": f"{day - timedelta(days=365)}/{day}"} for day in days]


def ask(report: str, queries: list[Query], key: str) -> list[float]:
    """The milliseconds of each answer: every client asks EACH times, one after the other, all clients at once."""
    taken: list[float] = []
    begin = threading.Barrier(len(queries))

    def client(query: Query) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
        path = f"/api/reports/summary/{report}?{urlencode(query)}"
        begin.wait()
        for _ in range(EACH):
            begun = time.perf_counter()
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            text = answer.read()
            taken.append((time.perf_counter() - begun) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status} {text.decode()}")
        json.loads(text)

    threads = [threading.Thread(target=client, args=[query]) for query in queries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(taken) < EACH * len(queries):
        sys.exit(f"{report} was not answered")
    return taken


def measured(database: Database, organization: Organization, world: World, wanted: list[str]) -> tuple[list[str], bool]:
    """The lines of an organization, and whether all bars hold."""
    key = access.demo_credentials(database, organization)[0].key.text
    lines, all_held = [], True
    for report in reports(world):
        if wanted and report not in wanted:
            continue
        cells = []
        for queries in ([{}], [{}] * CLIENTS, different(database, organization, report)):
            ask(report, queries[:1], key)
            taken = ask(report, queries, key)
            all_held &= p95(taken) <= world.bar
            cells.append(f"{statistics.median(taken):.0f}, {p95(taken):.0f} ms{'' if p95(taken) <= world.bar else ' **FAILS**'}")
        lines.append(f"| {report} | {world.holds} | {' | '.join(cells)} | p95 ≤ {world.bar} ms |")
        print(lines[-1], flush=True)
    return lines, all_held


def main() -> None:
    wanted = sys.argv[1:]
    database, organizations = prepare()
    environment = {
        **os.environ, "OCTAVO_DATABASE_URL": "", "OCTAVO_DATA_DIR": str(FOLDER), "OCTAVO_REQUESTS_PER_MINUTE": "1000000",
    }  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "octavo", "serve", "--port", str(PORT)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    lines, all_held = [], True
    try:
        assert server.stdout is not None
        server.stdout.readline()
        time.sleep(2)
        print(
            head
            := "| report | over | alone: median, p95 | the same: median, p95 | different: median, p95 | bar |\n|---|---|---:|---:|---:|---|"
        )
        for world in WORLDS:
            told, held = measured(database, organizations[world.slug], world, wanted)
            lines += told
            all_held &= held
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    if not wanted:
        page.write_section("Summaries", _section(database, organizations["documents"], head, lines))
    sys.exit(0 if all_held else 1)


def _section(database: Database, documents: Organization, head: str, lines: list[str]) -> str:
    counted = ", ".join(f"{count:,} {name}" for name, count in contents(database, documents).items())
    return f"""The figures of a report over HTTP: one client, and ten at once, each {EACH} times, one `octavo serve`, the database and the clients on the same machine.
"Alone" is one who asks, as the documents measure; "the same" is ten who ask the same; "different" are ten who each ask for another period, day or project. "Rows" are lines of sales and of each kind of invoice,
in one billing period (20,000) or in 24; "documents" are {counted}.

{head}
{chr(10).join(lines)}
"""


if __name__ == "__main__":
    main()
