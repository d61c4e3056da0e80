"""Every setting is documented: docs/operate.md has a row for each, with its name, its default and a sentence."""

import re

from octavo.settings import Settings
from tests.conftest import ROOT

ROW = re.compile(r"^\|\s*`(OCTAVO_[A-Z_]+)`\s*\|([^|]+)\|([^|]+)\|\s*$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    """Default and sentence of each setting in the tables of docs/operate.md, by its name."""
    text = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    return {name: (default.strip().strip("`"), sentence.strip()) for name, default, sentence in ROW.findall(text)}


def test_every_setting_has_a_row_with_its_default_and_a_sentence() -> None:
    documented = rows()
    for name, setting in Settings.model_fields.items():
        variable = f"OCTAVO_{name.upper()}"
        assert variable in documented, f"docs/operate.md has no row for {variable}: {setting.description}"
        default, sentence = documented[variable]
        assert len(sentence) > 20
        if setting.default is not None and setting.default_factory is None:
            assert default == str(setting.default), f"docs/operate.md gives {variable} another default"


def test_every_row_is_a_setting() -> None:
    assert set(rows()) == {f"OCTAVO_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, setting in Settings.model_fields.items() if not (setting.description or "").endswith(".")] == []
