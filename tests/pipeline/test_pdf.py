"""PDF: what stands on the pages, read back by pdfplumber and pikepdf. Sums are worked out by hand beside the rows."""

import io
import itertools
import random
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pdfplumber
import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from octavo.database.connection import Database
from octavo.errors import TooLarge, UsageError
from octavo.pipeline.definition import Breakdown, Chart, Date, Flag, Instant, Integer, Metrics, Money, Percent, Quantity, Table, Text
from octavo.pipeline.document import Answer, Organization
from octavo.pipeline.periods import DateRange
from octavo.pipeline.writers import named, pdf
from tests.conftest import Render
from tests.packs_for_tests import inline
from tests.pipeline import printing
from tests.pipeline.test_logo import data_url, png

MINUS = "\N{MINUS SIGN}"

SALES = Table(
    "sales",
    "Sales",
    query="sales",
    group_by=("country",),
    columns=(
        Text("country", "Country"),
        Text("code", "Code"),
        Money("amount", "Amount", total=True, currency_column="currency"),
        Text("currency", "Currency"),
        Integer("orders", "Orders", total=True),
    ),
)
# France: 0.10 + 0.20 = 0.30 EUR and -5.00 USD, 1 + 2 + 3 = 6 orders; Spain: 1000.005 - 0.005 = 1000.00 EUR, 4 + 5 = 9 orders.
# In all: 1000.30 EUR, -5.00 USD, 15 orders.
SALES_ROWS = """select * from (values
    ('France', '0042', 0.10, 'EUR', 1), ('France', '0043', 0.20, 'EUR', 2), ('France', '0044', -5.00, 'USD', 3),
    ('Spain', '0045', 1000.005, 'EUR', 4), ('Spain', '0046', -0.005, 'EUR', 5)) rows (country, code, amount, currency, orders)"""

LINES = Table(
    "lines",
    "Lines",
    query="lines",
    columns=(Integer("n", "Number"), Text("name", "Name"), Quantity("q", "Energy", unit="kWh", decimals=3, total=True)),
)
LINES_ROWS = "select n, 'name ' || n as name, n * 1.5 as q from generate_series(1, 120) n"


def test_every_cell_is_there_under_a_head_that_stands_on_each_page(database: Database, organization: Organization) -> None:
    found = printing.pages(printing.printed(database, organization, LINES, LINES_ROWS))
    assert len(found) > 2
    rows = [line for page in found for line in page.splitlines() if re.fullmatch(r"[\d,]+ name \d+ [\d,.]+", line)]
    assert rows == [f"{n} name {n} {n * 1.5:,.3f}" for n in range(1, 121)]
    for number, page in enumerate(found, 1):
        assert page.count("Number Name Energy kWh") == 1
        assert f"Page {number} of {len(found)}" in page
        assert "complete: 120 of 120 rows" in page
        assert f"Run {printing.RUN}" in page
    assert "Total 10,890.000" in found[-1]  # 1.5 * 120 * 121 / 2


def test_subtotals_and_totals_are_exact_and_never_add_currencies(database: Database, organization: Organization) -> None:
    found = printing.lines(printing.printed(database, organization, SALES, SALES_ROWS))
    start = found.index("Country France")
    assert found[start : start + 12] == [
        "Country France",
        "0042 0.10 EUR 1",
        "0043 0.20 EUR 2",
        f"0044 {MINUS}5.00 USD 3",
        "Subtotal France 6",
        "Subtotal France EUR 0.30",
        f"Subtotal France USD {MINUS}5.00",
        "Country Spain",
        "0045 1,000.01 EUR 4",
        f"0046 {MINUS}0.01 EUR 5",
        "Subtotal Spain EUR 1,000.00 9",
        "Total 15",
    ]
    assert found[start + 12 : start + 14] == ["Total EUR 1,000.30", f"Total USD {MINUS}5.00"]


def test_a_total_never_stands_alone_at_the_top_of_a_page(database: Database, organization: Organization) -> None:
    last_on_a_page = 0
    for count in range(37, 43):
        found = printing.pages(printing.printed(database, organization, LINES, LINES_ROWS.replace("120", str(count))))
        assert re.search(rf"{count} name {count} [\d.]+\nTotal ", found[-1])
        last_on_a_page += len(found) == 1
    assert 0 < last_on_a_page < 6  # so that the total met the foot of the page on the way


PROSE = Table(
    "prose",
    "Prose",
    query="prose",
    columns=(Integer("n", "Number"), Text("name", "Name"), Text("said", "Said"), Integer("q", "Quantity", total=True)),
)

PROSE_ROWS = (
    """select n, 'name' || n as name, repeat('Prose that goes on for some lines. ', 20) as said, 1 as q from generate_series(1, 120) n"""
)


def test_nor_that_of_a_long_table_whose_rows_are_of_several_lines(database: Database, organization: Organization) -> None:
    for count in range(100, 108):
        found = printing.pages(printing.printed(database, organization, PROSE, PROSE_ROWS.replace("120", str(count))))
        assert re.search(rf"\n{count} name{count} .*\nTotal {count}\n", found[-1], re.DOTALL)
        on_a_page = max(len(re.findall(r"name\d+", page)) for page in found)
    assert on_a_page == 8  # of 89.675 points each: 7.1 are left under them and their head, where a total has no room


def test_a_row_is_as_high_as_its_lines_and_stays_on_one_page(database: Database, organization: Organization) -> None:
    """Between the lines under two rows are the lines of text of the lower one, whatever is in it: 10.625 points each but the first, which has 8.5, and 6.8."""
    draw = random.Random(7)
    words = "AVAVATo Wiederherstellungsfrist fluffier 0123456789 a-b/c Ängström, “Typ” x INV-2026-000123 e.g. ﬁ Überlandzentrale"
    texts = [" ".join(draw.choices(words.split(), k=draw.randint(1, 60))) for _ in range(60)]
    rows = sql.SQL(
        "select n - 1 as n, 'name' || (n - 1) as name, said, 1 as q from unnest({}::text[]) with ordinality as t (said, n)"
    ).format(texts)
    heights = 0
    with pdfplumber.open(io.BytesIO(printing.printed(database, organization, PROSE, rows.as_string()))) as file:
        assert len(file.pages) > 3
        for page in file.pages:
            ruled = [line["top"] for line in page.lines + page.rects if line["width"] > 20 and 60 < line["top"] < page.height - 60]
            for above, below in itertools.pairwise(sorted({round(top, 2) for top in ruled})):
                found = page.crop((0, above, page.width, below)).extract_words()
                if any(word["text"].startswith("name") for word in found):
                    lines = len({round(word["bottom"]) for word in found})
                    assert below - above == pytest.approx(10.625 * (lines - 1) + 8.5 + 6.8, abs=0.1)
                    heights += 1
    assert heights == 60


def test_a_short_table_is_never_broken(database: Database, organization: Organization) -> None:
    sections = (LINES, replace(LINES, name="other", title="Other", query="other"))
    pages = set()
    for above in range(26, 38):
        queries = {"lines": LINES_ROWS.replace("120", str(above)), "other": LINES_ROWS.replace("120", "7")}
        found = printing.pages(printing.printed(database, organization, sections, queries))
        (whole,) = [page.rpartition("\nOther\n")[2] for page in found if "\nOther\n" in f"\n{page}"]
        assert re.findall(r"(\d) name \d ", whole) == list("1234567")
        assert "\nTotal 42.000" in whole  # 1.5 * 7 * 8 / 2
        pages.add(len(found))
    assert pages == {1, 2}


def test_a_group_that_goes_on_says_so_on_the_next_page(database: Database, organization: Organization) -> None:
    rows = "select 'Plant ' || (n / 50) as country, n::text as code, n::numeric as amount, 'EUR' as currency, 1 as orders from generate_series(1, 120) n"
    found = printing.pages(printing.printed(database, organization, SALES, rows))
    assert len(found) > 2
    for page in found[1:]:
        assert re.match(r"Code Amount Currency Orders\nCountry Plant \d\n", page)


def test_units_of_different_kinds_are_not_added(database: Database, organization: Organization) -> None:
    table = Table(
        "t",
        "T",
        query="t",
        columns=(
            Text("name", "Name"),
            Quantity("q", "Quantity", total=True, unit_column="u"),
            Text("u", "Unit"),
            Integer("n", "N", total=True),
        ),
    )
    found = printing.lines(
        printing.printed(database, organization, table, "select * from (values ('a', 1.5, 'kg', 1), ('b', 2, 'm', 2)) v (name, q, u, n)")
    )
    assert "Total 3" in found


def test_a_table_without_rows_says_so(database: Database, organization: Organization) -> None:
    found = printing.lines(printing.printed(database, organization, LINES, LINES_ROWS + " where false"))
    assert found[found.index("Lines") + 1] == "No rows."
    assert any("complete: 0 of 0 rows" in line for line in found)


def test_key_figures_and_breakdown_have_their_units_and_shares(database: Database, organization: Organization) -> None:
    figures = Metrics(
        "figures", "Key figures", query="figures",
        columns=(Money("revenue", "Revenue"), Money("abroad", "Abroad", currency_column="code"), Text("code", "Code"), Percent("rate", "Rate"), Quantity("e", "Energy", unit="MWh"), Integer("none", "Nothing")),
    )  # fmt: skip
    kinds = Breakdown("kinds", "By kind", query="kinds", share_of="n", columns=(Text("kind", "Kind"), Integer("n", "Lines", total=True)))
    queries = {
        "figures": "select 1234.5 as revenue, -7 as abroad, 'USD' as code, 12.25 as rate, 3.5 as e, null::int as none",
        "kinds": "select * from (values ('a', 3), ('b', 1)) v (kind, n)",
    }
    text = "\n".join(printing.pages(printing.printed(database, organization, (figures, kinds), queries)))
    for expected in ("£1,234.50", f"{MINUS}US$7.00", "12.3%", "3.50 MWh", "\N{EN DASH}", "a 3 75.0", "b 1 25.0", "Total 4"):
        assert expected in text.replace("\N{NO-BREAK SPACE}", " "), expected
    assert "Code" not in text


def test_locale_sets_numbers_dates_language_and_paper(database: Database, organization: Organization) -> None:
    table = Table("t", "T", query="t", columns=(Date("d", "Day"), Instant("i", "At"), Money("m", "Amount"), Flag("f", "Flag")))
    row = "select date '2026-03-09' as d, timestamptz '2026-07-01 22:30+00' as i, -1234567.125 as m, true as f"
    german = printing.printed(database, organization, table, row, locale="de_DE", zone="Europe/Berlin")
    assert f"09.03.2026 02.07.2026, 00:30 {MINUS}1.234.567,13 Yes" in printing.lines(german)
    assert "Times in Europe/Berlin" in printing.pages(german)[0]
    american = printing.printed(database, organization, table, row, locale="en_US")
    with pikepdf.open(io.BytesIO(german)) as a4, pikepdf.open(io.BytesIO(american)) as letter:
        assert str(a4.Root.Lang) == "de-DE"
        assert [round(float(side)) for side in a4.pages[0].MediaBox] == [0, 0, 595, 842]
        assert str(letter.Root.Lang) == "en-US"
        assert [round(float(side)) for side in letter.pages[0].MediaBox] == [0, 0, 612, 792]


def test_parameters_are_said_in_the_conventions_of_the_locale(database: Database, organization: Organization) -> None:
    asked = (
        Answer("period", "Period", DateRange(date(2011, 12, 1), date(2011, 12, 8), "UTC"), "2011-12-01 to 2011-12-07 (UTC)"),
        Answer("tolerance", "Tolerance", Decimal("0.010"), "0.010"),
        Answer("rule", "Rule", "both", "both"),
    )
    (german,) = printing.pages(printing.printed(database, organization, LINES, LINES_ROWS + " limit 1", parameters=asked, locale="de_DE"))
    assert "Period 01.12.2011 \N{EN DASH} 07.12.2011 Tolerance 0,010 Rule both" in german
    (british,) = printing.pages(printing.printed(database, organization, LINES, LINES_ROWS + " limit 1", parameters=asked))
    assert "Period 1 Dec 2011 \N{EN DASH} 7 Dec 2011 Tolerance 0.010 Rule both" in british


def test_the_foot_says_first_what_the_organization_says_there(database: Database, organization: Organization) -> None:
    branded = replace(organization, branding={"footer": "Registered in England no. 01234567"})
    own, run = printing.lines(printing.printed(database, branded, LINES, LINES_ROWS + " limit 1"))[-2:]
    assert own == "Registered in England no. 01234567 Page 1 of 1"
    assert re.fullmatch(rf"Run {printing.RUN} · made .+ · complete: 1 of 1 rows", run)


def test_the_logo_stands_at_the_head_of_the_first_page_in_its_own_proportions(database: Database, organization: Organization) -> None:
    branded = replace(organization, branding={"logo": data_url(png(200, 100))})
    for options in ({}, {"standard": "pdf/ua-1"}, {"standard": "pdf/a-3b"}):
        made = printing.printed(database, branded, LINES, LINES_ROWS + " limit 200", options=options)
        with pdfplumber.open(io.BytesIO(made)) as file:
            assert len(file.pages) > 1
            (drawn,), *others = [page.images for page in file.pages]
            assert not any(others)
            millimetre = 72 / 25.4
            assert (round(drawn["width"] / millimetre, 1), round(drawn["height"] / millimetre, 1)) == (28.0, 14.0)  # 200 × 100 in 50 × 14
            assert drawn["x1"] == pytest.approx(file.pages[0].width - 18 * millimetre, abs=0.5)


def test_a_wide_table_turns_the_page_and_no_cell_runs_into_the_next(database: Database, organization: Organization) -> None:
    columns = tuple(Text(f"c{n}", f"Attribute {n}") for n in range(9))
    table = Table("wide", "Wide", query="wide", columns=columns)
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    row = "select " + ", ".join(f"'{word if n == 4 else f'value{n}'}' as c{n}" for n in range(9))
    with pdfplumber.open(io.BytesIO(printing.printed(database, organization, table, row))) as file:
        page = file.pages[0]
        assert page.width > page.height
        before, after = (next(item for item in page.extract_words() if item["text"] == value) for value in ("value3", "value5"))
        cell = page.crop((before["x1"] + 2, before["top"] - 2, after["x0"] - 2, page.height - 60))
        assert "".join(cell.extract_text().split()) == word
        assert max(char["x1"] for char in cell.chars) < after["x0"] - 4
        assert max(char["x1"] for char in page.chars) <= page.width - 51


def test_a_table_of_forty_columns_is_whole(database: Database, organization: Organization) -> None:
    table = Table("wide", "Wide", query="wide", columns=tuple(Money(f"c{n}", f"Month {n}") for n in range(40)))
    found = printing.pages(
        printing.printed(database, organization, table, "select " + ", ".join(f"{n}234567.89 as c{n}" for n in range(40)))
    )
    assert all(f"{n},234,567.89" in found[0] or f"{n}234567.89".lstrip("0") in found[0].replace(",", "") for n in range(40))


HOSTILE = '#image("/etc/passwd") #import "@preview/cetz:0.3.0" $x^2$ *bold* _it_ `raw` <label> @ref \\ // = head [x] #{1+1} %s'


def test_text_is_never_markup(database: Database, organization: Organization) -> None:
    table = Table("t", HOSTILE, query="t", columns=(Text("a", HOSTILE), Text("b", "B", long=True)))
    query = f"select '{HOSTILE}'::text as a, '{HOSTILE}' as b"
    organization = replace(organization, name=HOSTILE, branding={"address": [HOSTILE], "footer": HOSTILE, "accent": '#fff") #panic("'})
    text = " ".join(" ".join(printing.pages(printing.printed(database, organization, table, query, title=HOSTILE))).split())
    for word in HOSTILE.split():
        assert text.count(word) >= 5, word


@pytest.mark.parametrize("standard", [None, "pdf/ua-1", "pdf/a-3b"])
def test_what_no_font_has_is_a_square_and_is_named(database: Database, organization: Organization, standard: str | None) -> None:
    table = Table("t", "T", query="t", columns=(Text("a", "A"),))
    query = r"select * from (values (E'x\x01y'), ('中 z'), ('Ελληνικά Жук →'), (E'one\ntwo\tthree'), (E'\uFEFF\u202E\uFFFF\u200B.')) v (a)"
    found = printing.lines(printing.printed(database, organization, table, query, options={"standard": standard}))
    assert "x□y" in found
    assert "□ z" in found
    assert "Ελληνικά Жук →" in found
    assert found[found.index("one") + 1] == "two three"
    note = next(line for line in found if line.startswith("□ stands for a character that cannot be printed:"))
    assert "U+0001" in note
    assert "U+4E2D" in note


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40), min_size=1, max_size=6),
    st.sampled_from([None, "pdf/ua-1", "pdf/a-3b"]),
)
def test_no_text_stops_typst(database: Database, organization: Organization, texts: list[str], standard: str | None) -> None:
    table = Table("t", "T", query="t", columns=(Integer("n", "N"), Text("a", "A"), Text("b", "B", long=True)))
    values = sql.SQL(", ").join(
        sql.SQL("({}, {}, repeat({}, 30))").format(sql.Literal(n), sql.Literal(text), sql.Literal(text)) for n, text in enumerate(texts)
    )
    query = sql.SQL("select * from (values {}) v (n, a, b)").format(values).as_string(None)
    made = printing.printed(database, replace(organization, name=texts[0].strip() or "X"), table, query, options={"standard": standard})
    with pikepdf.open(io.BytesIO(made)) as file:
        assert sum(1 for row in printing.elements(file) if row.S == "/TR") == 1 + len(texts)


def test_a_chart_is_a_vector_picture_with_its_figures_in_words(database: Database, organization: Organization) -> None:
    chart = Chart("picture", "Energy by number", of="lines", x="name", y="q")
    queries = {"lines": LINES_ROWS + " limit 3", "picture": LINES_ROWS + " limit 3"}
    made = printing.printed(database, organization, (chart, LINES), queries)
    (said,) = printing.alt_texts(made)
    assert said == "Bar chart: Energy by Name, 3 points. Energy runs from 1.500 (name 1) to 4.500 (name 3)."
    with pdfplumber.open(io.BytesIO(made)) as file:
        assert not file.pages[0].images
        assert "name 2" in file.pages[0].extract_text()


@pytest.mark.parametrize("mark", ["bar", "line", "area"])
def test_charts_over_time_name_the_months_in_the_language_of_the_locale(database: Database, organization: Organization, mark: str) -> None:
    table = Table("t", "T", query="t", columns=(Date("month", "Month"), Money("a", "A"), Money("b", "B")))
    chart = Chart("picture", "Picture", of="t", x="month", y=("a", "b"), mark=mark)  # type: ignore[arg-type]
    rows = "select make_date(2026, m, 1) as month, m * 1000.5 as a, -m as b from generate_series(1, 12) m"
    text = printing.pages(printing.printed(database, organization, (chart, table), {"t": rows, "picture": rows}, locale="de_DE"))[0]
    assert "März" in text or "Mär" in text
    assert "10.000" in text


def test_a_chart_without_points_says_so(database: Database, organization: Organization) -> None:
    chart = Chart("picture", "Picture", of="lines", x="name", y="q")
    none = LINES_ROWS + " where false"
    found = printing.lines(
        printing.printed(database, organization, (chart, LINES), {"lines": none, "picture": none}, options={"standard": "pdf/ua-1"})
    )
    assert found[found.index("Picture") + 1] == "No rows."


def test_too_many_rows_are_refused_before_anything_is_written(database: Database, organization: Organization) -> None:
    queries = {"lines": "select n, '' as name, n::numeric as q from generate_series(1, 30001) n"}
    with (
        printing.bound(database, organization, (LINES,), queries) as document,
        pytest.raises(TooLarge, match="30,001 rows and PDF holds at most 30,000"),
    ):
        pdf.FORMAT.refuse_too_large(document)


def test_options_are_as_people_say_them() -> None:
    assert named("pdf").read_options({"standard": "pdf/a-3b", "paper": "letter"}) == pdf.PdfOptions(standard="pdf/a-3b", paper="letter")
    with pytest.raises(UsageError, match="its options are: standard, paper"):
        named("pdf").read_options({"standard": "pdf/x-4"})


def test_a_flag_that_must_not_be_overlooked_is_marked_by_a_shape(render: Render) -> None:
    flags = inline.table(
        "select g as n, g = 2 as late from generate_series(1, 3) g", Integer("n", "N"), Flag("late", "Late", highlight=True)
    )
    with pdfplumber.open(render(inline.KEY, "pdf", reports=flags).place) as pdf:
        text = pdf.pages[0].extract_text()
    assert re.findall(r"^([123]) (.*)$", text, re.MULTILINE) == [("1", "No"), ("2", "▲ Yes"), ("3", "No")]
