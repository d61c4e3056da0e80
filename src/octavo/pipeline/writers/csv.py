"""CSV: the bytes of Postgres' own COPY, with the columns' texts made in SQL. RFC 4180 unless a profile says otherwise.

A report of one section is one .csv file; of several it is a zip with a file for each section, or one file in sections, each led by
a line with its name in brackets.
"""

import zipfile
from typing import Any, BinaryIO, Literal

from psycopg import sql
from pydantic import Field, field_validator, model_validator

from octavo.pipeline import definition
from octavo.pipeline.document import Document, Rows
from octavo.pipeline.writer import Format, Options

_PROFILES: dict[str, dict[str, Any]] = {
    "standard": {},
    "excel": {"bom": True, "header": "title"},
    "excel-eu": {"bom": True, "header": "title", "delimiter": ";", "decimal": ","},
}


class CsvOptions(Options):
    """How a CSV is written. A profile sets several at once; what is given beside it wins."""

    profile: Literal["standard", "excel", "excel-eu"] = Field(
        "standard", description="standard: RFC 4180; excel: with byte-order mark and titles; excel-eu: semicolons and decimal commas too."
    )
    delimiter: Literal[",", ";", "\t", "|"] = Field(",", description="What stands between cells; a tab may be said as tab.")
    decimal: Literal[".", ","] = Field(".", description="The decimal mark of numbers; there is never a mark for thousands.")
    bom: bool = Field(False, description="Begin with a byte-order mark, by which Excel knows UTF-8.")
    header: Literal["name", "title", "none"] = Field("name", description="Call columns by name (for machines) or by title (for people).")
    line_end: Literal["crlf", "lf"] = Field("crlf", description="How a line ends.")
    guard: Literal["safe", "raw"] = Field(
        "safe", description="safe: an apostrophe keeps spreadsheets from running text that begins like a formula; raw: text as it is."
    )
    sections: Literal["zip", "single"] = Field("zip", description="Several sections as a zip of files, or one file in sections.")

    @field_validator("delimiter", mode="before")
    @classmethod
    def _tab_in_words(cls, given: Any) -> Any:
        return "\t" if given in ("tab", "\\t") else given

    @model_validator(mode="before")
    @classmethod
    def _from_profile(cls, given: Any) -> Any:
        return {**_PROFILES.get(given.get("profile", "standard"), {}), **given} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _marks_differ(self) -> "CsvOptions":
        if self.decimal == self.delimiter:
            raise ValueError("the decimal mark and the delimiter must differ; write delimiter=;")
        return self


# --- cells ------------------------------------------------------------------------------------------------------------

# Characters that make spreadsheets read a cell as a formula: = + - @ tab CR LF, and the full-width forms of the first four.
_TRIGGERS = "=+\\-@\\t\\r\\n＝＋－＠"
_TRIGGER_CODES = sql.SQL("(61, 43, 45, 64, 9, 13, 10, 39, 65309, 65291, 65293, 65312)")  # with the apostrophe itself
_GUARDED = f"^'*[{_TRIGGERS}]"
_PLAIN_NUMBER = "^[+-]?[0-9][0-9 .,()/%-]*$"


def is_guarded(column: definition.Column) -> sql.Composable:
    """Whether the guard changes the cell. Apostrophes before a trigger count, so that taking one away is always the way back."""
    name = sql.Identifier(column.name)
    return sql.SQL("(ascii({0}) in {1} and {0} ~ {2} and {0} !~ {3})").format(
        name, _TRIGGER_CODES, sql.Literal(_GUARDED), sql.Literal(_PLAIN_NUMBER)
    )


def cell(column: definition.Column, options: CsvOptions) -> sql.Composable:
    """The SQL expression of a cell's text; CSV quoting is left to COPY."""
    name = sql.Identifier(column.name)
    match column.kind:
        case "text" if options.guard == "safe":
            return sql.SQL("case when {} then '''' || {} else {} end").format(is_guarded(column), name, name)
        case "instant":
            return sql.SQL("trim('\"' from to_json({})::text)").format(name)
        case "flag":
            return sql.SQL("case when {0} then 'true' when not {0} then 'false' end").format(name)
        case _ if column.numeric and options.decimal == ",":
            return sql.SQL("replace({}::text, '.', ',')").format(name)
        case _:
            return name


def _header(column: definition.Column, options: CsvOptions) -> str:
    text = column.name if options.header == "name" else column.title
    risky = options.guard == "safe" and text.lstrip("'")[:1] in tuple("=+-@\t\r\n＝＋－＠")
    return f"'{text}" if risky else text


# --- files ------------------------------------------------------------------------------------------------------------


def _write_section(section: Rows, file: Any, options: CsvOptions, place: str) -> None:
    section.places.append(place)
    if options.header != "none":
        file.write(_line([_header(column, options) for column in section.columns], options))
    if options.guard == "safe":
        _count_guarded(section)
    select = sql.SQL(", ").join(cell(column, options) for column in section.columns)
    copy_options = sql.SQL("format csv, delimiter {}").format(sql.Literal(options.delimiter))
    for buffer in section.copy(select, copy_options, line_end=b"\r\n" if options.line_end == "crlf" else None):
        file.write(buffer)


def _count_guarded(section: Rows) -> None:
    texts = [column for column in section.columns if column.kind == "text"]
    if texts:
        counts = sql.SQL(", ").join(sql.SQL("count(*) filter (where {})").format(is_guarded(column)) for column in texts)
        (found,) = section.query.first(counts, None)
        section.guarded.update({column.name: count for column, count in zip(texts, found, strict=True) if count})


def _line(cells: list[str], options: CsvOptions) -> bytes:
    special = (options.delimiter, '"', "\r", "\n")
    quoted = ['"' + text.replace('"', '""') + '"' if any(mark in text for mark in special) else text for text in cells]
    return (options.delimiter.join(quoted) + ("\r\n" if options.line_end == "crlf" else "\n")).encode()


def write(document: Document, file: BinaryIO, options: CsvOptions) -> None:
    """Writes every section that has rows."""
    mark = b"\xef\xbb\xbf" if options.bom else b""
    if len(document.tables) == 1:
        file.write(mark)
        _write_section(document.tables[0], file, options, "")
    elif options.sections == "single":
        file.write(mark)
        for section in document.tables:
            file.write(_line([f"[{section.name}]"], options))
            _write_section(section, file, options, "")
            file.write(_line([""], options))
    else:
        _write_zip(document, file, options, mark)


def _write_zip(document: Document, file: BinaryIO, options: CsvOptions, mark: bytes) -> None:
    taken = document.taken_at.timetuple()[:6]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for section in document.tables:
            member = zipfile.ZipInfo(f"{section.name}.csv", max(taken, (1980, 1, 1, 0, 0, 0)))
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            with archive.open(member, "w", force_zip64=True) as inside:
                inside.write(mark)
                _write_section(section, inside, options, member.filename)


def file_kind(document: Document, options: CsvOptions) -> tuple[str, str]:
    """A zip where there are several sections and nobody asked for one file."""
    if len(document.tables) > 1 and options.sections == "zip":
        return "zip", "application/zip"
    return "csv", "text/csv; charset=utf-8"


FORMAT = Format("csv", "CSV", CsvOptions, write, file_kind)
