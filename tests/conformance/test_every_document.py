"""What the documents say is what the code does: every option of a format, every file of the house, every command."""

import re
from pathlib import Path

from typer.main import get_command

from octavo import cli
from octavo.pipeline import writers
from tests.conftest import ROOT


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_option_of_every_format_has_a_row_and_every_row_is_an_option() -> None:
    parts = re.split(r"^## ", read("docs/formats.md"), flags=re.MULTILINE)
    by_title = {part.partition("\n")[0].strip(): part for part in parts}
    for name in writers.NAMES:
        format_ = writers.named(name)
        rows = re.findall(r"^\| `(\w+)` \|(.*)$", by_title[format_.title], re.MULTILINE)
        assert [option for option, _ in rows] == list(format_.options.model_fields), name
        for option, row in rows:
            schema = format_.options.model_json_schema()["properties"][option]
            values = [value for part in (schema, *schema.get("anyOf", ())) for value in part.get("enum", [])]
            written = row.replace("\\|", "|").replace("`tab`", "`\t`")
            assert [value for value in values if f"`{value}`" not in written] == [], f"{name} {option}"


def test_every_module_of_the_house_is_in_its_picture() -> None:
    picture = read("ARCHITECTURE.md")
    source = ROOT / "src" / "octavo"
    modules = [path for path in source.rglob("*.py") if path.stem != "__init__" and "packs" not in path.relative_to(source).parts]
    assert len(modules) > 40
    assert [path.relative_to(source).as_posix() for path in modules if not re.search(rf"\b{path.stem}\b", picture)] == []


def test_every_command_that_is_shown_is_there() -> None:
    command = get_command(cli.app)
    known = {name: {option for parameter in sub.params for option in parameter.opts} for name, sub in command.commands.items()}  # type: ignore[attr-defined]
    for name in ("README.md", "ARCHITECTURE.md", "docs/operate.md", "docs/write-a-report.md"):
        shown = re.findall(r"^(?:OCTAVO_\S+ )?octavo (\w+)(.*)$", read(name), re.MULTILINE)
        for verb, rest in shown:
            assert verb in known, f"{name}: octavo {verb}"
            used = set(re.findall(r"(?<!\S)(--[a-z-]+|-o)\b", rest.partition("#")[0]))
            assert verb == "admin" or used <= known[verb], f"{name}: octavo {verb} {used - known[verb]}"


def test_every_unit_starts_a_command_that_is_there() -> None:
    command = get_command(cli.app)
    units = sorted((ROOT / "ops" / "systemd").glob("*.service"))
    assert len(units) == 2
    for unit in units:
        ((verb, rest),) = re.findall(r"^ExecStart=\S+/octavo (\w+)(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        known = {option for parameter in command.commands[verb].params for option in parameter.opts}  # type: ignore[attr-defined]
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, unit.name


def test_every_decision_names_what_enforces_it() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path for path in folder.glob("[0-9]*.md"))
    assert len(pages) >= 10
    for page in pages:
        assert re.search(r"enforced by", page.read_text(encoding="utf-8"), re.IGNORECASE), page.name


def test_every_link_between_documents_leads_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", path.read_text(encoding="utf-8")):
            assert (path.parent / Path(target)).exists(), f"{path.name} → {target}"
