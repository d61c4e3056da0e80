"""The spine: an artefact is whole and sealed under its name, or it is not there at all."""

import json
import os
import threading
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import psycopg
import pytest

from octavo.database.connection import Database
from octavo.errors import DatabaseError, DefinitionError, NotFound, StorageError, TooLarge, Torn, UsageError
from octavo.pipeline import catalog, run
from octavo.pipeline.binding import Request
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.document import Document, Organization
from octavo.pipeline.manifest import SUFFIX
from octavo.pipeline.store import Folder, Scratch, Served
from octavo.pipeline.verify import verify
from tests.conftest import superuser

FORMATS = ("csv", "json", "xlsx", "pdf")


@pytest.fixture(scope="module")
def shop() -> Catalog:
    return catalog.read([EntryPoint("shop", "tests.packs_for_tests.shop.pack:pack", catalog.GROUP)])


class Spine:
    """Renders reports of the shop into a folder under fixed names."""

    def __init__(self, reports: Catalog, database: Database, organization: Organization, folder: Path) -> None:
        self.reports, self.database, self.organization, self.folder = reports, database, organization, folder

    def render(
        self, report: str, format: str = "csv", parameters: dict[str, Any] | None = None, progress: Any = None, **request: Any
    ) -> run.Artefact:
        request.setdefault("organization", self.organization)
        asked = Request(report=report, format=format, parameters=parameters or {}, **request)
        return run.render(
            asked, reports=self.reports, database=self.database, store=Folder(self.folder), name_file=plain_name, progress=progress
        )

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []


def plain_name(document: Document, extension: str) -> str:
    return f"{document.report}.{extension}"


@pytest.fixture
def spine(shop: Catalog, database: Database, organization: Organization, tmp_path: Path) -> Spine:
    return Spine(shop, database, organization, tmp_path / "out")


@pytest.mark.parametrize("format", FORMATS)
def test_a_strangers_report_becomes_a_file_with_its_seal_in_every_format(spine: Spine, format: str) -> None:
    """Ten goods: the price is 1.01 of the number, so 2 + 4 + 6 + 8 + 10 = 30 make 30.30 euros, and 25 make 25.25 pounds."""
    artefact = spine.render("shop.goods", format)
    name = Path(artefact.place).name
    assert spine.files == [name, f"{name}.manifest.json"]
    assert verify(Path(artefact.place)).manifest == artefact.manifest
    assert artefact.manifest.file.bytes == Path(artefact.place).stat().st_size
    by_name = {section.name: section for section in artefact.manifest.sections}
    assert {name: section.rows for name, section in by_name.items()} == {"summary": 1, "by_group": 3, "goods": 10}
    assert {(total.column, total.currency): total.value for total in by_name["goods"].totals} == {
        ("number", None): "55", ("weight", None): "6.875", ("price", "EUR"): "30.30", ("price", "GBP"): "25.25",
    }  # fmt: skip


def test_two_runs_of_one_snapshot_differ_in_nothing_but_their_run(spine: Spine) -> None:
    first, second = (spine.render("shop.goods").manifest for _ in range(2))
    assert first.run_id != second.run_id
    assert first.sections == second.sections


def test_a_query_that_yields_other_rows_than_it_counted_is_torn_and_leaves_nothing(spine: Spine) -> None:
    for format in ("csv", "json", "xlsx"):
        with pytest.raises(Torn, match="Section rows: 990 rows were written of 1000; the file was thrown away"):
            spine.render("shop.torn", format)
        assert spine.files == []


def test_a_volatile_query_is_torn(spine: Spine) -> None:
    """A thousand coins are not the same thousand twice, or hardly ever (once in 56 runs): three times never."""
    from octavo.pipeline.definition import Integer
    from tests.packs_for_tests import inline

    spine.reports = inline.table("select n from generate_series(1, 1000) as n where random() < 0.5", Integer("n", "N"))
    torn = 0
    for _ in range(4):
        try:
            spine.render(inline.KEY)
        except Torn:
            torn += 1
    assert torn
    assert len(spine.files) == (2 if torn < 4 else 0)


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"report": "shop.nothing"}, NotFound, "There is no report 'shop.nothing'"),
        ({"format": "docx"}, NotFound, "There is no format 'docx'; there are: csv, xlsx, json, pdf"),
        ({"parameters": {"colour": "green"}}, UsageError, r"there is no colour green; there are, for example: blue \(Blue\), red \(Red\)"),
        ({"parameters": {"rows": -1}}, UsageError, "rows cannot be -1"),
        ({"parameters": {"shade": "red"}}, UsageError, "has no parameter 'shade'"),
        ({"options": {"quote": "'"}}, UsageError, "CSV cannot be made with quote"),
        ({"sections": ("nothing",)}, NotFound, "has no section 'nothing'"),
        ({"zone": "Mars/Olympus"}, UsageError, "is no time zone"),
        ({"zone": "posixrules"}, UsageError, "is no time zone"),
        ({"locale": "xx_YY"}, UsageError, "'xx_YY' is no locale"),
        ({"report": "shop.fails"}, DatabaseError, r"DivisionByZero \(SQLSTATE 22012\); nothing was made"),
    ],
)
def test_what_is_refused_leaves_nothing(spine: Spine, asked: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        spine.render(**{"report": "shop.goods", **asked})
    assert spine.files == []


def test_another_organization_does_not_see_the_shop(spine: Spine, other_organization: Organization) -> None:
    with pytest.raises(NotFound, match=r"There is no report 'shop\.goods'; there are: none"):
        spine.render("shop.goods", organization=other_organization)


def test_a_query_that_fails_in_the_middle_leaves_the_old_file(spine: Spine) -> None:
    spine.folder.mkdir()
    (spine.folder / "shop.fails.csv").write_text("last month's")
    with pytest.raises(DatabaseError):
        spine.render("shop.fails")
    assert spine.files == ["shop.fails.csv"]
    assert (spine.folder / "shop.fails.csv").read_text() == "last month's"


def test_what_a_format_cannot_hold_is_refused_before_it_starts(spine: Spine) -> None:
    with pytest.raises(TooLarge, match=r"shop\.goods has 200,00\d rows and PDF holds at most .* nothing was made"):
        spine.render("shop.goods", "pdf", {"rows": 200_000})
    assert spine.files == []


def test_a_killed_backend_leaves_nothing(spine: Spine, conninfo: str) -> None:
    def kill() -> None:
        with psycopg.connect(superuser(conninfo), autocommit=True) as admin:
            while not admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'copy%pg_sleep%'").fetchall():
                time.sleep(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(DatabaseError, match="the database ended the connection"):
        spine.render("shop.slow", parameters={"phase": "copy"})
    killer.join()
    assert spine.files == []


# --- publishing -------------------------------------------------------------------------------------------------------


def test_an_artefact_is_replaced_whole_with_its_seal(spine: Spine) -> None:
    spine.render("shop.goods", "json")
    second = spine.render("shop.goods", "json", {"rows": 20_000})
    assert spine.files == ["shop.goods.json", "shop.goods.json.manifest.json"]
    assert verify(Path(second.place)).manifest.run_id == second.manifest.run_id


def test_a_reader_sees_only_whole_files_while_one_is_replaced(spine: Spine) -> None:
    path = Path(spine.render("shop.goods", "json", {"rows": 3000}).place)
    done, seen = threading.Event(), []

    def poll() -> None:
        while not done.is_set():
            seen.append(len(json.loads(path.read_bytes())["sections"]["goods"]))

    reader = threading.Thread(target=poll)
    reader.start()
    for rows in (4000, 5000, 3000):
        spine.render("shop.goods", "json", {"rows": rows})
    done.set()
    reader.join()
    assert set(seen) <= {3000, 4000, 5000}


def test_a_file_that_is_seen_has_its_manifest_beside_it(spine: Spine) -> None:
    """Where the manifest cannot be put, the file is not seen; where the file cannot, the manifest is taken back."""
    (spine.folder / "shop.goods.json.manifest.json").mkdir(parents=True)
    with pytest.raises(StorageError, match="is no file name inside"):
        spine.render("shop.goods", "json")
    assert spine.files == ["shop.goods.json.manifest.json"]
    os.rename(spine.folder / "shop.goods.json.manifest.json", spine.folder / "shop.goods.json")  # noqa: PTH104
    with pytest.raises(StorageError, match="is no file name inside"):
        spine.render("shop.goods", "json")
    assert spine.files == ["shop.goods.json"]


def test_a_name_that_is_a_manifests_is_refused(spine: Spine, monkeypatch: pytest.MonkeyPatch) -> None:
    spine.render("shop.goods", "json")
    monkeypatch.setattr(f"{__name__}.plain_name", lambda document, extension: "shop.goods.json.manifest.json")
    with pytest.raises(UsageError, match="is what the manifest of another file is called"):
        spine.render("shop.goods", "json")
    assert verify(spine.folder / "shop.goods.json").manifest.rows == 14


class Delayed(Folder):
    """A folder in which a while passes between manifest and file, and `fail` may strike then."""

    def put(self, scratch: Scratch, key: str, served: Served | None = None) -> str:
        if not key.endswith(SUFFIX):
            self.fail()
            time.sleep(0.5 if "slow" in scratch.path.read_text("utf-8", "replace")[:2000] else 0)
        return super().put(scratch, key, served)

    def fail(self) -> None:
        pass


class Failing(Delayed):
    def fail(self) -> None:
        raise StorageError("the bucket did not take the file")


def test_where_the_new_file_cannot_be_put_the_old_one_keeps_its_manifest(spine: Spine) -> None:
    old = spine.render("shop.goods", "json")
    asked = Request("shop.goods", spine.organization, "json", {"rows": 3})
    with pytest.raises(StorageError, match="did not take the file"):
        run.render(asked, reports=spine.reports, database=spine.database, store=Failing(spine.folder), name_file=plain_name)
    assert spine.files == ["shop.goods.json", "shop.goods.json.manifest.json"]
    assert verify(Path(old.place)).manifest == old.manifest


def test_of_two_that_publish_under_one_name_at_once_file_and_manifest_fit(spine: Spine) -> None:
    """The slow one has put its manifest when the quick one comes; without turns the quick one's manifest would lie beside the slow one's file."""
    from octavo.pipeline.definition import Integer, Text
    from tests.packs_for_tests import inline

    def render(word: str) -> None:
        reports = inline.table(f"select 1 as n, '{word}' as word", Integer("n", "N", total=True), Text("word", "Word"))
        asked = Request(inline.KEY, spine.organization, "json")
        run.render(asked, reports=reports, database=spine.database, store=Delayed(spine.folder), name_file=lambda *_: "same.json")

    slow = threading.Thread(target=render, args=("slow",))
    slow.start()
    deadline = time.monotonic() + 20
    while "same.json.manifest.json" not in spine.files:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    render("quick")
    slow.join()
    assert verify(spine.folder / "same.json").manifest.rows == 1
    assert "quick" in (spine.folder / "same.json").read_text()


def test_a_full_disk_leaves_nothing(spine: Spine, small_disk: Path) -> None:
    spine.folder = small_disk
    for format, rows in (("csv", 60_000), ("json", 60_000), ("xlsx", 100_000)):
        with pytest.raises(StorageError, match="The disk is full"):
            spine.render("shop.goods", format, {"rows": rows}, sections=("goods",))
        assert spine.files == []


def test_a_disk_too_full_for_the_manifest_leaves_nothing(spine: Spine, small_disk: Path) -> None:
    """The file itself still fits: what is full is found when all is written, before either is seen."""
    spine.folder = small_disk
    size = Path(spine.render("shop.goods", "csv", sections=("goods",)).place).stat().st_size
    (small_disk / "ballast").write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * 4096 - 4096))
    before = spine.files
    with pytest.raises(StorageError, match="The disk is full"):
        spine.render("shop.goods", "json", sections=("goods",))
    assert size < 4096
    assert spine.files == before


# --- progress ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
def test_progress_never_goes_back_and_ends_at_the_total(spine: Spine, format: str) -> None:
    told: list[tuple[str, int, int]] = []
    spine.render("shop.goods", format, {"rows": 20_000}, progress=lambda *step: told.append(step))
    done = [step[1] for step in told]
    assert done == sorted(done)
    assert len(set(done)) > 4
    assert {step[2] for step in told} == {20_004}
    assert done[-1] == 20_004


def test_progress_is_not_needed(spine: Spine) -> None:
    assert spine.render("shop.goods", progress=None).manifest.rows == 14


def test_a_broken_definition_is_told(spine: Spine) -> None:
    from octavo.pipeline.definition import Integer
    from tests.packs_for_tests import inline

    spine.reports = inline.table("select 'x' as n", Integer("n", "N"))
    with pytest.raises(DefinitionError, match="yields 'n' as text"):
        spine.render(inline.KEY)
    assert spine.files == []
