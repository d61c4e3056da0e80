"""A report's own layout: what it is given, and what it can never reach."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from octavo.database.connection import Database
from octavo.errors import DefinitionError, Interrupted, TooLarge
from octavo.pipeline.definition import Integer, Metrics, Money, Table, Text
from octavo.pipeline.document import Organization
from octavo.pipeline.writers.pdf import compile
from tests.pipeline import printing

TABLE = Table(
    "rows",
    "Rows",
    query="rows",
    group_by=("kind",),
    columns=(Text("kind", "Kind"), Text("name", "Name"), Money("amount", "Amount", total=True)),
)
FIGURES = Metrics("figures", "Figures", query="figures", columns=(Integer("n", "N"),))
SECTIONS, QUERIES = (
    (FIGURES, TABLE),
    {"rows": "select * from (values ('a', 'x', 1.5), ('a', 'y', 2.25), ('b', 'z', -4)) v (kind, name, amount)", "figures": "select 3 as n"},
)


def own(database: Database, organization: Organization, folder: Path, text: str) -> bytes:
    return printing.printed(database, organization, SECTIONS, QUERIES, layout=printing.layout(folder, text))


def test_a_layout_of_ones_own_gets_every_cell_by_name(database: Database, organization: Organization, tmp_path: Path) -> None:
    layout = """#import "/octavo.typ": masthead, records, rows, section
#let body(document) = {
  masthead(document)
  for row in records(document, "rows") [ #row.kind/#row.name/#row.amount/#row.amount_carried \\ ]
  [#records(document, "figures").first().n rows, #records(document, "absent").len() others]
  rows(section(document, "rows"))
}"""
    found = printing.lines(own(database, organization, tmp_path, layout))
    start = found.index("a/x/1.50/1.50")
    assert found[start : start + 4] == ["a/x/1.50/1.50", "a/y/2.25/3.75", "b/z/\N{MINUS SIGN}4.00/\N{MINUS SIGN}4.00", "3 rows, 0 others"]
    assert "Subtotal a 3.75" in found
    assert "Page 1 of 1" in found[-1]


def test_parts_count_their_own_pages(database: Database, organization: Organization, tmp_path: Path) -> None:
    layout = """#import "/octavo.typ": part
#let body(document) = {
  part(first: true, [one] + pagebreak() + [two])
  part[three]
  part([four] + pagebreak() + [five])
}"""
    found = printing.pages(own(database, organization, tmp_path, layout))
    ends = [page.partition("Page ")[2] for page in found]
    assert [(page.split()[0], end) for page, end in zip(found, ends, strict=True)] == [
        ("one", "1 of 2"), ("two", "2 of 2"), ("three", "1 of 1"), ("four", "1 of 2"), ("five", "2 of 2"),
    ]  # fmt: skip


@pytest.mark.parametrize("bank", [[["Bank", "B"], ["IBAN", "I"], ["BIC", "C"]], {"Bank": "B", "IBAN": "I", "BIC": "C"}])
def test_bank_details_stand_in_the_order_given(database: Database, organization: Organization, tmp_path: Path, bank: object) -> None:
    layout = "#let body(document) = for (label, value) in document.organization.bank [#label=#value ]"
    found = printing.lines(own(database, replace(organization, branding={"bank": bank}), tmp_path, layout))
    assert found[0] == "Bank=B IBAN=I BIC=C"


@pytest.mark.parametrize(
    "layout",
    [
        '#import "@preview/cetz:0.3.0": canvas\n#let body(document) = []',
        '#let body(document) = { import ("@" + "preview/cetz:0.3.0"): canvas }',
    ],
)
def test_a_package_from_the_network_is_refused_and_never_fetched(
    database: Database, organization: Organization, tmp_path: Path, layout: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(DefinitionError, match="packages are off"):
        own(database, organization, tmp_path, layout)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../../../../../etc/passwd", "/../../etc/passwd"])
def test_a_layout_reads_no_file_outside_its_folder(database: Database, organization: Organization, tmp_path: Path, path: str) -> None:
    with pytest.raises(compile.TypesettingFailed, match="The layout cannot be set; nothing was made"):
        own(database, organization, tmp_path, f'#let body(document) = read("{path}")')


def test_a_mistake_in_a_layout_is_told_with_its_line(database: Database, organization: Organization, tmp_path: Path) -> None:
    with pytest.raises(compile.TypesettingFailed, match=r"layout\.typ:2"):
        own(database, organization, tmp_path, "#let body(document) = {\n  document.nothing_of_the_kind\n}")
    assert printing.pages(own(database, organization, tmp_path, "#let body(document) = [fine]"))[0].startswith("fine")


def test_a_layout_of_ones_own_is_limited_and_says_so(database: Database, organization: Organization, tmp_path: Path) -> None:
    queries = {"rows": "select '' as kind, '' as name, n as amount from generate_series(1, 4001) n", "figures": "select 1 as n"}
    with pytest.raises(TooLarge, match="its layout sets at most 4,000"):
        printing.printed(database, organization, SECTIONS, queries, layout=printing.layout(tmp_path, "#let body(document) = []"))


def test_nothing_is_left_behind(database: Database, organization: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    own(database, organization, tmp_path, "#let body(document) = [fine]")
    with pytest.raises(compile.TypesettingFailed):
        own(database, organization, tmp_path, "#let body(document) = panic()")
    assert list(scratch.iterdir()) == []


def test_a_child_that_dies_is_told_and_replaced(database: Database, organization: Organization, tmp_path: Path) -> None:
    while (child := compile.warm_child()) is None:
        own(database, organization, tmp_path, "#let body(document) = [warm]")
    os.kill(child, signal.SIGKILL)
    with pytest.raises(Interrupted, match="Typst was killed while it set the file"):
        own(database, organization, tmp_path, "#let body(document) = [fine]")
    assert printing.pages(own(database, organization, tmp_path, "#let body(document) = [fine]"))[0].startswith("fine")


def test_the_child_ends_with_whoever_started_it() -> None:
    program = (
        "import os, signal\n"
        "from octavo.pipeline.writers.pdf import compile\n"
        "with compile.workshop(compile.LAYOUTS / 'default.typ', {}) as workshop:\n"
        "    workshop.lacking(['x'])\n"
        "    print(compile.warm_child(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    child = int(run.stdout)
    for _ in range(100):
        if not Path(f"/proc/{child}").exists():
            return
        time.sleep(0.05)
    pytest.fail("the child is still there")


def test_a_fork_has_a_child_of_its_own() -> None:
    program = (
        "import os, sys\n"
        "from octavo.pipeline.writers.pdf import compile\n"
        "def ask():\n"
        "    with compile.workshop(compile.LAYOUTS / 'default.typ', {}) as workshop:\n"
        "        return workshop.lacking(['x', chr(0x4E2D)]) == {chr(0x4E2D)}\n"
        "assert ask()\n"
        "first = compile.warm_child()\n"
        "forked = os.fork()\n"
        "if not forked:\n"
        "    fine = ask() and compile.warm_child() != first\n"
        "    sys.exit(0 if fine else 1)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0\n"
        "assert ask() and compile.warm_child() == first\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
