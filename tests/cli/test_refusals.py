"""Bad input at the command line: one clear line on stderr, the exit code, and nothing left behind."""

import re
import socket
import subprocess
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine
from tests.conftest import superuser

GOODS = ("render", "shop.goods")


def assert_refused(done: "subprocess.CompletedProcess[str]", code: int, said: str) -> None:
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines), done.stdout) == (code, 1, ""), done.stderr
    assert lines[0].startswith("octavo: ")
    assert re.search(said, lines[0]), lines[0]
    assert "Traceback" not in done.stderr


WRONG_USAGE = [
    (("nonsense",), "No such command 'nonsense'"),
    (("render",), "Missing argument 'report'"),
    ((*GOODS, "--colour", "red"), "No such option: --colour"),
    (("render", "shop.nothing"), r"There is no report 'shop\.nothing'; there are: .*shop\.goods"),
    ((*GOODS, "--format", "docx"), "There is no format 'docx'; there are: csv, xlsx, json, pdf"),
    ((*GOODS, "--param", "shade=red"), r"shop\.goods has no parameter 'shade'; it has: rows, order, colour, period"),
    ((*GOODS, "--param", "rows"), "'rows' is no parameter; write name=value"),
    ((*GOODS, "--param", "rows=many"), "rows cannot be 'many': Input should be a valid integer"),
    ((*GOODS, "--param", "rows=1", "--param", "rows=2"), "rows cannot be "),
    ((*GOODS, "--param", "order=sideways"), "order cannot be 'sideways': Input should be 'up' or 'down'"),
    (("render", "shop.slow"), r"shop\.slow needs the parameter phase; give it with --param phase="),
    ((*GOODS, "--param", "period=2014-06-30/2014-06-01"), "The period 2014-06-30/2014-06-01 ends before it starts"),
    ((*GOODS, "--param", "period=lately"), "'lately' is no period: say one of today"),
    ((*GOODS, "--param", "colour=green"), r"there is no colour green; there are, for example: blue \(Blue\)"),
    ((*GOODS, "--param", "colour=a\udcff"), "characters that are no text"),
    ((*GOODS, "--section", "nothing"), "has no section 'nothing'; it has: summary, by_group, groups, goods"),
    ((*GOODS, "--option", "quote='"), "CSV cannot be made with quote="),
    ((*GOODS, "--organization", "nobody"), "There is no organization 'nobody'; there are: alpha"),
    ((*GOODS, "--zone", "Mars/Olympus"), "'Mars/Olympus' is no time zone; use an IANA name"),
    ((*GOODS, "--output", "s3://bucket"), "is no file to write"),
    ((*GOODS, "--output", "a\nb.csv"), "is no file to write"),
    ((*GOODS, "--output", "-"), "not to standard output; name a file"),
    ((*GOODS, "--locale", "xx_YY"), "'xx_YY' is no locale"),
    (("admin", "organization", "gamma", "--locale", "xx_YY"), "'xx_YY' is no locale"),
    (("admin", "organization", "gamma", "--zone", "localtime"), "'localtime' is no time zone"),
    (("admin", "organization", "gamma", "--name", "G\x1b[31m"), r"'G\\x1b\[31m' is no name"),
    (("verify", "."), r"The artefact \. is not there"),
    (("verify", "a\x1b[31m.csv"), r"The artefact a\\x1b\[31m\.csv is not there"),
    (("verify", "nowhere.csv"), r"The artefact nowhere\.csv is not there"),
    (("load", "shop", "file.csv"), "The pack shop loads no files"),
    (("load", "nothing", "file.csv"), "There is no pack 'nothing'"),
]


def test_wrong_usage_ends_with_two_and_one_line(octavo: CommandLine) -> None:
    for some in (WRONG_USAGE[start : start + 4] for start in range(0, len(WRONG_USAGE), 4)):  # four at a time: a start takes half a second
        started = [octavo.start(*arguments) for arguments, _ in some]
        for process, (arguments, said) in zip(started, some, strict=True):
            out, err = process.communicate(timeout=60)
            assert_refused(subprocess.CompletedProcess(arguments, process.returncode, out, err), 2, said)
    assert octavo.files == []


def test_an_organization_does_not_see_the_reports_of_another(octavo: CommandLine, other_organization: Organization) -> None:
    assert_refused(octavo(*GOODS, "--organization", "beta"), 2, r"There is no report 'shop\.goods'")
    assert_refused(octavo(*GOODS), 2, "Say for which organization: --organization with one of alpha, beta")


def test_a_database_that_cannot_be_used_is_named_without_its_password(octavo: CommandLine, conninfo: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        port = closed.getsockname()[1]
        for address, said in (
            (f"postgresql://ada:hunter2@127.0.0.1:{port}/books", rf"The database at 127\.0\.0\.1:{port}/books cannot be used: "),
            ("garbage", "OCTAVO_DATABASE_URL is no PostgreSQL address; write postgresql://"),
            ("mysql://ada:hunter2@127.0.0.1/books", "OCTAVO_DATABASE_URL is no PostgreSQL address; write postgresql://"),
            (make_conninfo(conninfo, dbname="nowhere"), 'database "nowhere" does not exist'),
            (
                make_conninfo(superuser(conninfo), dbname="postgres"),
                "The role postgres is a superuser, so organizations would not be kept apart",
            ),
        ):
            done = octavo(*GOODS, OCTAVO_DATABASE_URL=address)
            assert_refused(done, 1, said)
            assert "hunter2" not in done.stderr
    assert octavo.files == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONNECT_TIMEOUT_SECONDS", "soon"), ("STATEMENT_TIMEOUT_SECONDS", "0"), ("STATEMENT_TIMEOUT_SECONDS", "inf"),
        ("STATEMENT_TIMEOUT_SECONDS", "nan"), ("STATEMENT_TIMEOUT_SECONDS", "1e12"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(octavo: CommandLine, name: str, value: str) -> None:
    assert_refused(octavo(*GOODS, **{f"OCTAVO_{name}": value}), 2, f"OCTAVO_{name} is set wrongly: ")


def test_a_query_that_runs_too_long_names_the_setting(octavo: CommandLine) -> None:
    done = octavo("render", "shop.slow", "--param", "phase=copy", OCTAVO_STATEMENT_TIMEOUT_SECONDS="0.3")
    assert_refused(done, 1, "ran too long .* raise OCTAVO_STATEMENT_TIMEOUT_SECONDS")
    assert octavo.files == []


def test_a_query_that_fails_at_row_fifty_thousand_leaves_nothing(octavo: CommandLine) -> None:
    done = octavo("render", "shop.fails", "--output", "out/")
    assert_refused(done, 1, "The query of section rows failed: DivisionByZero")
    assert "987654321" not in done.stderr
    assert octavo.files == []


def test_a_torn_file_is_thrown_away(octavo: CommandLine) -> None:
    assert_refused(octavo("render", "shop.torn"), 1, "990 rows were written of 1000; the file was thrown away")
    assert octavo.files == []


def test_a_folder_that_cannot_be_written_is_named(octavo: CommandLine, locked_folder: Path) -> None:
    assert_refused(octavo(*GOODS, "--output", f"{locked_folder}/"), 1, f"The folder {locked_folder} cannot be written")
    (octavo.folder / "file").write_text("")
    assert_refused(octavo(*GOODS, "--output", "file/goods.csv"), 1, "The folder file cannot be written")
    assert octavo.files == ["file"]


def test_a_full_disk_leaves_nothing(octavo: CommandLine, small_disk: Path) -> None:
    for format in ("csv", "xlsx"):
        done = octavo(*GOODS, "--param", "rows=100000", "--section", "goods", "--format", format, "--output", f"{small_disk}/")
        assert_refused(done, 1, "The disk is full, or the file is larger than allowed; nothing was made")
        assert list(small_disk.iterdir()) == []


def test_a_full_standard_output_is_told(octavo: CommandLine) -> None:
    with Path("/dev/full").open("w") as full:
        process = octavo.start("catalog", stdout=full.fileno())
        assert process.wait(30) == 1
    assert process.stderr is not None
    assert process.stderr.read() == "octavo: The output cannot be used: No space left on device\n"


def test_a_broken_pack_stops_the_start_by_name(octavo: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "broken-0.1.dist-info").mkdir()
    (tmp_path / "broken-0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 0.1\n")
    (tmp_path / "broken-0.1.dist-info" / "entry_points.txt").write_text("[octavo.packs]\nbroken = no_such_module:pack\n")
    path = f"{tmp_path}:{octavo.environment['PYTHONPATH']}"
    assert_refused(octavo("catalog", PYTHONPATH=path), 1, r"Pack broken \(no_such_module:pack\) cannot be loaded: No module named")


def test_another_encoding_of_the_client_changes_nothing(octavo: CommandLine) -> None:
    for name, value in (("PGCLIENTENCODING", "LATIN1"), ("PGDATESTYLE", "German"), ("PGTZ", "Asia/Tokyo")):
        done = octavo(*GOODS, "--section", "goods", "--output", f"{name}.csv", **{name: value})
        assert (done.returncode, done.stderr) == (0, "")
    first, *others = [(octavo.folder / f"{name}.csv").read_bytes() for name in ("PGCLIENTENCODING", "PGDATESTYLE", "PGTZ")]
    assert all(other == first for other in others)
    assert b"2024-01-02,2024-01-01T13:00:00.25+00:00" in first
