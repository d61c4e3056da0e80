"""Loading a file: all of it or nothing, and the line and the reason when it is refused."""

import gzip
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.database import connection, csvlines, load
from octavo.database.connection import Database
from octavo.errors import DatabaseError, DefinitionError, UsageError
from octavo.packs.retail import pack as retail
from octavo.pipeline.definition import Loader
from octavo.pipeline.document import Organization
from tests.conftest import superuser

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "5001,0042,Mug,2,2010-12-01 08:26:00,1.25,17850.0,France\n"
TRANSFORM = (Path(retail.__file__).parent / "load.sql").read_text()
SLEEP = "; select 'slept', pg_sleep(60)"
TABLES = ("store", "customer", "product", "sale", "sale_line", "payment", "refund")


def lines_of(count: int) -> str:
    return "".join(f"{number},0042,Mug,2,2010-12-01 08:26:00,1.25,,France\n" for number in range(5001, 5001 + count))


class Shop:
    """An organization to load retail files into."""

    def __init__(self, database: Database, organization: Organization, folder: Path) -> None:
        self.database, self.organization, self.folder = database, organization, folder

    def file(self, content: str | bytes, name: str = "lines.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(
        self,
        content: str | bytes | Path,
        *,
        transform: str = TRANSFORM,
        loader: Loader = retail.INVOICE_LINES,
        progress: load.Progress | None = None,
    ) -> dict[str, object]:
        path = content if isinstance(content, Path) else self.file(content)
        figures = load.load_file(
            self.database,
            self.organization.id,
            loader,
            transform,
            path,
            zone="Europe/London",
            progress=progress or (lambda read, size: None),
        )
        return dict(figures)

    def refused(self, content: str | bytes | Path) -> str:
        """The reason why a file is refused; that nothing of it stays is checked each time."""
        before = self.counts()
        with pytest.raises(UsageError) as caught:
            self.load(content)
        assert self.counts() == before
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def counts(self) -> dict[str, object]:
        with self.database.tenant(self.organization.id) as tenant:
            return {table: tenant.execute(f"select count(*) from retail.{table}").fetchone() for table in TABLES}  # type: ignore[arg-type]  # noqa: S608


@pytest.fixture
def shop(database: Database, organization: Organization, tmp_path: Path) -> Shop:
    return Shop(database, organization, tmp_path)


def test_a_plain_file_and_a_gzip_file_load_the_same(shop: Shop, other_organization: Organization) -> None:
    content = HEADER + lines_of(3)
    plain = shop.load(content)
    packed = Shop(shop.database, other_organization, shop.folder).load(shop.file(gzip.compress(content.encode()), "lines.csv"))
    assert plain == packed
    assert plain["lines"] == 3


def test_progress_counts_the_bytes_of_the_file_up_to_its_size(shop: Shop) -> None:
    path = shop.file(gzip.compress((HEADER + lines_of(20_000)).encode()), "lines.csv.gz")
    told: list[tuple[int, int]] = []
    shop.load(path, progress=lambda read, size: told.append((read, size)))
    assert told == sorted(told)
    assert len(told) > 1
    assert told[-1] == (path.stat().st_size, path.stat().st_size)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + HEADER + LINE,
        (HEADER + LINE).replace("\n", "\r\n"),
        HEADER.replace("StockCode", '"StockCode"') + LINE,
    ],
    ids=["byte order mark", "carriage returns", "quoted header"],
)
def test_what_spreadsheets_write_is_taken(shop: Shop, content: str) -> None:
    assert shop.load(content)["lines"] == 1


def test_a_file_with_a_header_alone_loads_nothing(shop: Shop) -> None:
    assert shop.load(HEADER)["lines"] == 0


@pytest.mark.parametrize(
    "content",
    [
        "InvoiceNo;StockCode\n",
        LINE,
        HEADER.replace("Quantity,", ""),
        HEADER.rstrip("\n") + ",Extra\n",
        "\xff\xfe".encode("latin-1"),
        "x" * 100_000,
    ],
    ids=["semicolons", "no header", "a column less", "a column more", "not UTF-8", "no line end"],
)
def test_a_wrong_header_is_refused_with_the_right_one(shop: Shop, content: str | bytes) -> None:
    reason = shop.refused(content)
    assert "line 1: the header must be: InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country" in reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("5009,0042,Mug,2,2010-12-01 08:26:00,1.25,17850.0\n", 'missing data for column "Country"'),
        ("5009,0042,Mug,2,2010-12-01 08:26:00,1.25,17850.0,France,more\n", "extra data after last expected column"),
        ("\n", 'missing data for column "StockCode"'),
        ("5009,0042,Mug,two,2010-12-01 08:26:00,1.25,17850.0,France\n", "Quantity is not a whole number"),
        ("5009,0042,Mug,2.5,2010-12-01 08:26:00,1.25,17850.0,France\n", "Quantity is not a whole number"),
        ("5009,0042,Mug,99999999999,2010-12-01 08:26:00,1.25,17850.0,France\n", "Quantity is not a whole number, or is out of its range"),
        ("5009,0042,Mug,2,2010-02-30 08:26:00,1.25,17850.0,France\n", "InvoiceDate is not a date and time"),
        ("5009,0042,Mug,2,tomorrow-ish,1.25,17850.0,France\n", "InvoiceDate is not a date and time"),
        ('5009,0042,Mug,2,2010-12-01 08:26:00,"1,25",17850.0,France\n', "UnitPrice is not a number"),
        ("5009,0042,Mug,2,2010-12-01 08:26:00,NaN,17850.0,France\n", "UnitPrice is not a number"),
        ("5009,0042,Mug,2,infinity,1.25,17850.0,France\n", "InvoiceDate is not a date between 1900 and 9999"),
        (",0042,Mug,2,2010-12-01 08:26:00,1.25,17850.0,France\n", "InvoiceNo is empty"),
        ('5009,"",Mug,2,2010-12-01 08:26:00,1.25,17850.0,France\n', "StockCode is empty"),
        ("5009,0042,Mug,,2010-12-01 08:26:00,1.25,17850.0,France\n", "Quantity is empty"),
        ("5009,0042,Mug,2,,1.25,17850.0,France\n", "InvoiceDate is empty"),
        ("5009,0042,Mug,2,2010-12-01 08:26:00,,17850.0,France\n", "UnitPrice is empty"),
        ("5009,0042,Mug,2,2010-12-01 08:26:00,1.25,17850.0,\n", "Country is empty"),
        (b"5009,0042,M\xfcg,2,2010-12-01 08:26:00,1.25,17850.0,France\n", 'invalid byte sequence for encoding "UTF8"'),
        (b"5009,0042,M\x00g,2,2010-12-01 08:26:00,1.25,17850.0,France\n", 'invalid byte sequence for encoding "UTF8"'),
        ("\\.\n", "a line that is \\. alone cannot be loaded"),
        ('5009,0042,"Mug,2,2010-12-01 08:26:00,1.25,17850.0,France\n', "unterminated CSV quoted field"),
    ],
)  # fmt: skip
def test_a_malformed_line_is_refused_by_its_number_and_the_reason(shop: Shop, bad: str | bytes, reason: str) -> None:
    middle = bad.encode() if isinstance(bad, str) else bad
    refusal = shop.refused((HEADER + lines_of(3)).encode() + middle + lines_of(2).encode())
    assert f"lines.csv, line 5: {reason}" in refusal
    assert refusal.count("nothing was loaded") == 1


def test_of_several_bad_lines_the_first_is_named(shop: Shop) -> None:
    without_country, without_price = LINE.replace("France", ""), LINE.replace("1.25", "")
    assert "line 3: UnitPrice is empty" in shop.refused(HEADER + LINE + without_price + without_country)


def test_a_file_cut_off_in_its_last_line_is_refused(shop: Shop) -> None:
    whole = HEADER + LINE + LINE
    for cut in (-1, -3, -22):  # before the line break, in the last column (where nothing else would tell), in the middle
        assert "line 3: the file ends in the middle of a line" in shop.refused(whole[:cut])
    assert 'line 3: missing data for column "UnitPrice"' in shop.refused(whole[:-22] + "\n")


# Cells that hold line breaks of every kind, each ending its line of an editor only where there is a line feed.
cells = st.lists(st.sampled_from(["a", ",", '"', "\n", "\r\n", "\r", "é"]), max_size=6).map("".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(cells, max_size=5),
    bad_cell=cells,
    after=st.lists(cells, max_size=2),
    line_end=st.sampled_from(["\n", "\r\n"]),
    by_check=st.booleans(),
)
def test_a_line_is_counted_as_an_editor_counts_it(
    shop: Shop, before: list[str], bad_cell: str, after: list[str], line_end: str, by_check: bool
) -> None:
    def row(description: str, price: str = "1.25") -> str:
        quoted = description.replace('"', '""')
        return f'5001,0042,"{quoted}",2,2010-12-01 08:26:00,{price},,France{line_end}'

    ahead = HEADER.replace("\n", line_end) + "".join(map(row, before))
    content = ahead + row(bad_cell, "NaN" if by_check else "cheap") + "".join(map(row, after))
    line = ahead.count("\n") + 1
    assert f"lines.csv, line {line}: UnitPrice is not a number" in shop.refused(content)


def test_a_quote_that_is_never_closed_is_found_where_it_opens(shop: Shop) -> None:
    assert "line 3: unterminated" in shop.refused(HEADER + LINE + LINE.replace("Mug", '"Mug') + lines_of(4000))


def test_what_a_line_break_in_a_cell_holds_is_kept(shop: Shop) -> None:
    shop.load(HEADER + LINE.replace("Mug", '" Mug, ""big""\nand blue"') + LINE.replace("Mug", "") + LINE.replace("Mug", '""'))
    with shop.database.tenant(shop.organization.id) as tenant:
        kept = tenant.execute("select description from retail.sale_line order by line_number").fetchall()
    assert kept == [(' Mug, "big"\nand blue',), (None,), ("",)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress((HEADER + lines_of(2000)).encode())[:-2000], "is a damaged or incomplete gzip file"),
        (gzip.compress((HEADER + lines_of(2000)).encode())[:-8], "is a damaged or incomplete gzip file"),
        (gzip.compress((HEADER + lines_of(2000)).encode())[:-8] + b"\0" * 8, "is a damaged or incomplete gzip file"),
        (gzip.compress(LINE.encode()) + b"rubbish", "is a damaged or incomplete gzip file"),
        (b"\x1f\x8b", "is a damaged or incomplete gzip file"),
        (b"\x1f\x8bnot gzip at all", "is a damaged or incomplete gzip file"),
        (b"", "is empty; its first line must be: InvoiceNo,"),
        (gzip.compress(b""), "is empty; its first line must be: InvoiceNo,"),
    ],
    ids=["cut", "no checksum", "wrong checksum", "rubbish after", "magic alone", "magic and rubbish", "empty", "empty gzip"],
)
def test_a_damaged_file_is_refused(shop: Shop, content: bytes, reason: str) -> None:
    assert reason in shop.refused(content)


def test_a_file_that_is_not_there_and_a_folder_are_refused(shop: Shop) -> None:
    assert "cannot be read: No such file or directory" in shop.refused(shop.folder / "missing.csv")
    assert "cannot be read: Is a directory" in shop.refused(shop.folder)


def test_a_file_is_not_loaded_twice(shop: Shop) -> None:
    shop.load(HEADER + lines_of(3))
    assert "invoice 5002 has been loaded before" in shop.refused(
        HEADER + lines_of(3)[len("5001,0042,Mug,2,2010-12-01 08:26:00,1.25,,France\n") :]
    )


def test_of_two_loads_of_one_file_at_once_one_is_refused(shop: Shop) -> None:
    path = shop.file(HEADER + lines_of(2000))

    def attempt(_: int) -> bool:
        try:
            shop.load(path)
        except UsageError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == [False, True]
    assert shop.counts()["sale_line"] == (2000,)


def test_a_load_belongs_to_one_organization(shop: Shop, other_organization: Organization) -> None:
    shop.load(HEADER + LINE)
    other = Shop(shop.database, other_organization, shop.folder)
    assert set(other.counts().values()) == {(0,)}
    assert other.load(HEADER + LINE)["lines"] == 1  # the same invoice number is another's business


def test_interrupting_while_the_file_is_read_leaves_nothing(shop: Shop) -> None:
    def interrupt(read: int, size: int) -> None:
        if read == size:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.load(HEADER + lines_of(20_000), progress=interrupt)
    assert set(shop.counts().values()) == {(0,)}


@contextmanager
def once_asleep(conninfo: str, do: Callable[[int], object]) -> Iterator[None]:
    """Does something to the process of the backend that sleeps in the block, as soon as it does."""

    def watch() -> None:
        with psycopg.connect(superuser(conninfo), autocommit=True) as other:
            while not (asleep := other.execute("select pid from pg_stat_activity where wait_event = 'PgSleep'").fetchone()):
                time.sleep(0.01)
            do(asleep[0])
            while other.execute("select from pg_stat_activity where pid = %s and wait_event = 'PgSleep'", asleep).fetchone():
                time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join(timeout=10)
    assert not thread.is_alive(), "the backend still sleeps"


def test_interrupting_while_the_database_works_stops_it_and_leaves_nothing(shop: Shop) -> None:
    with once_asleep(shop.database.conninfo, lambda pid: os.kill(os.getpid(), signal.SIGINT)), pytest.raises(KeyboardInterrupt):
        shop.load(HEADER + LINE, transform=TRANSFORM + SLEEP)
    assert set(shop.counts().values()) == {(0,)}


def test_a_killed_backend_leaves_nothing_and_says_so(shop: Shop) -> None:
    def kill(pid: int) -> None:
        with psycopg.connect(superuser(shop.database.conninfo), autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s)", [pid])

    with once_asleep(shop.database.conninfo, kill), pytest.raises(DatabaseError, match=r"was cut off.*nothing was loaded"):
        shop.load(HEADER + LINE, transform=TRANSFORM + SLEEP)
    assert set(shop.counts().values()) == {(0,)}


def test_wrong_sql_of_a_pack_is_called_that_and_leaves_nothing(shop: Shop) -> None:
    with pytest.raises(DefinitionError, match="The SQL that loads"):
        shop.load(HEADER + LINE, transform="select nonsense from staging")
    assert set(shop.counts().values()) == {(0,)}


def test_values_that_the_tables_do_not_take_are_refused_without_being_told(shop: Shop) -> None:
    loader = replace(retail.INVOICE_LINES, checks={})
    with pytest.raises(UsageError, match=r"does not fit what is there: .*violates not-null constraint; nothing was loaded"):
        shop.load(HEADER + LINE.replace("France", ""), loader=loader)


def test_a_role_without_temporary_tables_is_told_what_to_grant(shop: Shop, conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as owner:
        owner.execute(f"revoke temporary on database {owner.info.dbname} from public")  # type: ignore[arg-type]
    with pytest.raises(DatabaseError, match=f"grant temporary on database {connection.place(conninfo).split('/')[-1]} to octavo_app"):
        shop.load(HEADER + LINE)


def test_a_quoted_line_that_would_end_a_copy_is_found_across_chunks(shop: Shop) -> None:
    filling = lines_of(6000)
    for shift in range(4):  # the three bytes of the line and its break fall on either side of a chunk's end
        ahead = HEADER + filling[: load.CHUNK_BYTES - len(HEADER) - shift].rpartition("\n")[0] + "\n"
        padding = "5001,0042," + "x" * (load.CHUNK_BYTES - len(ahead) - shift - 45) + ",2,2010-12-01 08:26:00,1.25,,France\n"
        content = ahead + padding + "\\.\n" + LINE
        assert f"line {content.count(chr(10)) - 1}: a line that is \\. alone" in shop.refused(content)


def test_the_names_in_a_header_are_read_as_csv() -> None:
    assert csvlines.header(b'\xef\xbb\xbfa,"b,c"\r\n') == ["a", "b,c"]
    assert csvlines.header(b"\xff\n") == []
