"""What a user would write instead: FastAPI with BackgroundTasks, psycopg, the csv and json modules, openpyxl and WeasyPrint.

`uvicorn benchmarks.server.peer:app`. It checks no rights, seals nothing, and forgets everything when it stops.
"""

import csv
import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

import psycopg
from fastapi import BackgroundTasks, FastAPI
from openpyxl import Workbook

app = FastAPI()
OUT = Path(os.environ["PEER_FOLDER"])
SAME_QUERY = Path("src/octavo/packs/energy/invoices_generated/invoices.sql").read_text(encoding="utf-8")
EVERYTHING = dict.fromkeys(("period_start", "period_end", "project_id", "contract_id", "status"))
_jobs: dict[str, dict[str, Any]] = {}


@app.post("/exports", status_code=202)
def ask(body: dict[str, Any], later: BackgroundTasks) -> dict[str, Any]:
    job = {"id": uuid.uuid4().hex, "state": "pending", "asked": time.time(), "done": None}
    _jobs[job["id"]] = job
    later.add_task(work, job, body)
    return job


@app.get("/exports")
def listed() -> list[dict[str, Any]]:
    return list(_jobs.values())


def work(job: dict[str, Any], body: dict[str, Any]) -> None:
    with psycopg.connect(os.environ["PEER_DATABASE"]) as connection:
        connection.execute("select set_config('octavo.organization_id', %s, true)", [str(body["organization"])])
        connection.execute("set local role octavo_reader")
        cursor = psycopg.ClientCursor(connection).execute(SAME_QUERY.encode(), EVERYTHING)
        names, rows = [column.name for column in cursor.description or ()], cursor.fetchall()
    assert len(rows) == 10_000
    path = OUT / f"{job['id']}.{body['format']}"
    {"csv": _csv, "json": _json, "xlsx": _xlsx, "pdf": _pdf}[body["format"]](path, names, rows[: body["rows"]])
    job.update(state="completed", done=time.time())


def _csv(path: Path, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


def _json(path: Path, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump([dict(zip(names, row, strict=True)) for row in rows], file, default=str)


def _xlsx(path: Path, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(names)
    for row in rows:
        sheet.append(row)
    book.save(path)


def _pdf(path: Path, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    from weasyprint import HTML

    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    HTML(string=f"<h1>Invoices</h1><table><thead><tr>{head}</tr></thead>{body}</table>").write_pdf(path)
