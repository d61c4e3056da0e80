"""What reaches a terminal is text: nothing in a name steers it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from octavo import terminal
from tests.conftest import Render


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë & Söhne\u00a0GmbH 日本 €", "Zoë & Söhne\u00a0GmbH 日本 €"),
        ("red \x1b[31m", "red \\x1b[31m"),
        ("title \x1b]0;gone\x07", "title \\x1b]0;gone\\x07"),
        ("one\nline\r", "one\\nline\\r"),
        ("\u202egnp.exe \u200b\x9b", "\\u202egnp.exe \\u200b\\x9b"),
        ("half \udcff", "half \\udcff"),
    ],
)
def test_what_would_steer_a_terminal_is_shown_as_its_code(text: str, shown: str) -> None:
    assert terminal.plain(text) == shown


def test_brackets_and_colons_in_the_name_of_a_folder_are_printed_as_they_are(
    render: Render, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    artefact = render("retail.sales", "json")
    marked = replace(artefact, place="[red]out/:smile:.json")
    terminal.console().print(terminal.file_table([marked]))
    terminal.say(terminal.finished(marked))
    assert capsys.readouterr().out.count("[red]out/:smile:.json") == 2
