"""octavo render --each: a file for each value, one file, or a zip; and octavo verify takes the zip apart."""

import re
import zipfile

import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine


def names(octavo: CommandLine) -> list[str]:
    return [re.sub(r"\d{8}-\d{6}", "WHEN", name) for name in octavo.files if not name.endswith(".manifest.json")]


def test_each_value_is_a_file_of_its_own(octavo: CommandLine) -> None:
    """The numbers to 10 add up to 55, those to 20 to 210."""
    done = octavo("render", "shop.goods", "--each", "rows=10", "--each", "rows=20", "--format", "json", "--output", "out/")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"goods\.number (\d+)", done.stdout) == ["55", "210"]
    assert names(octavo) == ["out/shop.goods-alpha-WHEN-001.json", "out/shop.goods-alpha-WHEN-002.json"]


def test_one_file_holds_the_rows_of_all(octavo: CommandLine) -> None:
    done = octavo("render", "shop.goods", "--each", "rows=10", "--each", "rows=20", "--as", "merged", "--output", "goods.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "goods.number 265" in done.stdout
    verified = octavo("verify", "goods.json")
    assert (verified.returncode, "goods.number 265" in verified.stdout) == (0, True)
    again = octavo("verify", "goods.json", "--again")
    assert (again.returncode, again.stderr) == (0, "")


def test_a_zip_is_verified_part_by_part(octavo: CommandLine) -> None:
    done = octavo(
        "render", "shop.goods", "--each", "rows=10", "--each", "rows=20", "--format", "json", "--as", "zip", "--output", "goods.zip"
    )
    assert (done.returncode, done.stderr) == (0, "")
    verified = octavo("verify", "goods.zip")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "agree, in each of its 2 files and in all of them together" in verified.stdout
    assert octavo("verify", "goods.zip", "--again").returncode == 0

    path = octavo.folder / "goods.zip"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in files.items():
            archive.writestr(name, contents.replace(b'"number":7,', b'"number":8,') if name.startswith("001") else contents)
    refused = octavo("verify", "goods.zip")
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
    assert "001 shop.goods 10.json: the total of goods.number is 56, not 55" in refused.stderr
    assert "002" not in refused.stderr


def test_every_value_of_a_look_up(octavo: CommandLine, database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("insert into energy.project (name) values ('Alder'), ('Birch')")
    done = octavo("render", "energy.contracts", "--each", "project_id=*", "--as", "zip", "--output", "contracts.zip")
    assert (done.returncode, done.stderr) == (0, "")
    with zipfile.ZipFile(octavo.folder / "contracts.zip") as archive:
        assert [name for name in archive.namelist() if not name.endswith(".json")] == [
            "001 energy.contracts Alder.csv", "002 energy.contracts Birch.csv",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--as", "zip"), "made of several values: name them in each"),
        (("--as", "heap", "--each", "rows=1"), "there are: runs, merged, zip"),
        (("--each", "rows=1", "--each", "rows=x"), "rows cannot be 'x'"),
        (("--each", "rows=1", "--each", "rows=01"), "Two values of rows are the same"),
        (("--each", "rows=1", "--param", "rows=2"), "rows is said twice"),
        (("--each", "rows=*"), "no list of values of its own"),
        (("--each", "colour=red", "--each", "colour=mauve"), "there is no colour mauve"),
        (("--each", "rows=1", "--output", "goods.json"), "name a folder"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_made(octavo: CommandLine, asked: tuple[str, ...], said: str) -> None:
    refused = octavo("render", "shop.goods", *asked)
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (2, "", 1), refused.stderr
    assert said in refused.stderr
    assert octavo.files == []
