"""Which reports there are. Packs, built in and foreign alike, are named by the entry-point group `octavo.packs`.

A pack is a Python package; each folder in it that holds a report.py is a report. A pack that cannot be read stops the start:
nothing is left out silently.
"""

import hashlib
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import get_args

from octavo.errors import DefinitionError, NotFound, NotInstalled, UsageError
from octavo.pipeline import definition
from octavo.pipeline.document import Organization

GROUP = "octavo.packs"


@dataclass(frozen=True)
class InstalledPack:
    """A pack, and the folder it lies in."""

    pack: definition.Pack
    folder: Path

    @property
    def migrations(self) -> Path | None:
        return self.folder / self.pack.migrations if self.pack.migrations else None

    @property
    def sample(self) -> str | None:
        """The SQL of the sample data, all of it. Raises DefinitionError."""
        return "\n".join(self.sample_parts.values()) or None

    @property
    def sample_parts(self) -> Mapping[str, str]:
        """The same by what each part is called: one file, or those of a folder in the order of their names."""
        if self.pack.sample is None:
            return {}
        folder = self.folder / self.pack.sample
        names = [f"{self.pack.sample}/{path.name}" for path in sorted(folder.glob("*.sql"))] or [self.pack.sample]
        return {Path(name).stem: self.read(name) for name in names}

    def read(self, name: str) -> str:
        """The text of one of the pack's files. Raises DefinitionError."""
        return _read(self.folder / name, f"Pack {self.pack.name}")

    def is_for(self, organization: Organization) -> bool:
        return self.pack.single_tenant in (None, organization.slug)


@dataclass(frozen=True)
class Entry:
    """A report with its key, its pack, and the texts of its queries by section."""

    key: str
    report: definition.Report
    pack: InstalledPack
    folder: Path
    queries: Mapping[str, str]
    version: str
    """The first 12 hexadecimal digits of the SHA-256 of the report's own files: another version may yield other figures."""
    base: str | None = None
    """The text of what all the queries may read as `base`."""

    @property
    def is_dataset(self) -> bool:
        """Whether it is one table and nothing else."""
        sections = self.report.sections
        return len(sections) == 1 and isinstance(sections[0], definition.Table)

    @property
    def layout(self) -> Path | None:
        return self.folder / self.report.layout if self.report.layout else None


@dataclass(frozen=True)
class Catalog:
    """Every pack that is installed and every report in them, by key."""

    packs: Mapping[str, InstalledPack]
    entries: Mapping[str, Entry]

    def report(self, key: str, organization: Organization | None = None) -> Entry:
        """The report of that key, if that organization may see it. Raises NotFound."""
        entry = self.entries.get(key)
        if entry is None or (organization and not entry.pack.is_for(organization)):
            known = [name for name, other in self.entries.items() if organization is None or other.pack.is_for(organization)]
            kind = NotInstalled if entry is None else NotFound
            raise kind(f"There is no report {key!r}; there are: {', '.join(known) or 'none'}")
        return entry

    def pack(self, name: str) -> InstalledPack:
        if name not in self.packs:
            raise NotFound(f"There is no pack {name!r}; there are: {', '.join(self.packs)}")
        return self.packs[name]

    @property
    def migrations(self) -> tuple[Path, ...]:
        """The folders of the packs' own migrations."""
        return tuple(pack.migrations for pack in self.packs.values() if pack.migrations)

    @property
    def schemas(self) -> tuple[set[str], set[str]]:
        """The schemas whose relations keep organizations apart, and those that belong to one organization as a whole."""
        guarded = {schema for pack in self.packs.values() if not pack.pack.single_tenant for schema in pack.pack.schemas}
        single = {schema for pack in self.packs.values() if pack.pack.single_tenant for schema in pack.pack.schemas}
        return guarded, single - guarded


@cache
def installed() -> Catalog:
    """The catalog of this environment. Raises DefinitionError when a pack is broken."""
    return read(entry_points(group=GROUP))


def read(points: Iterable[EntryPoint]) -> Catalog:
    """The catalog of the packs that these entry points name."""
    packs: dict[str, InstalledPack] = {}
    entries: dict[str, Entry] = {}
    for point in sorted(points, key=lambda point: point.name):
        module, pack = _load(point)
        if pack.name in packs:
            raise DefinitionError(f"Two packs are called {pack.name!r}; uninstall or rename one")
        installed_pack = InstalledPack(pack, Path(str(module.__file__)).parent)
        packs[pack.name] = installed_pack
        if installed_pack.migrations and not any(installed_pack.migrations.glob("*.sql")):
            raise DefinitionError(f"Pack {pack.name}: its folder {pack.migrations} holds no *.sql file")
        if pack.billing_period:
            installed_pack.read(pack.billing_period)
        for folder in sorted(path.parent for path in installed_pack.folder.glob("*/report.py")):
            entry = _entry(installed_pack, module, folder)
            entries[entry.key] = entry
    return Catalog(packs, entries)


def _load(point: EntryPoint) -> tuple[ModuleType, definition.Pack]:
    try:
        module = importlib.import_module(point.module)
        pack = point.load()
    except Exception as error:
        raise DefinitionError(f"Pack {point.name} ({point.value}) cannot be loaded: {error}") from error
    if not isinstance(pack, definition.Pack) or not module.__package__:
        raise DefinitionError(f"Pack {point.name} ({point.value}) must name a Pack in a module of a package")
    return module, pack


def _entry(pack: InstalledPack, module: ModuleType, folder: Path) -> Entry:
    key = f"{pack.pack.name}.{folder.name}"
    try:
        report = importlib.import_module(f"{module.__package__}.{folder.name}.report").report
    except Exception as error:
        raise DefinitionError(f"Report {key} cannot be loaded: {error}") from error
    if not isinstance(report, definition.Report):
        raise DefinitionError(f"Report {key}: report.py must define report = Report(...)")
    queries = {section.name: _query(key, folder, section, report) for section in report.sections}
    if report.layout:
        _read(folder / report.layout, f"Report {key}")
    for name, field in report.parameters.model_fields.items():
        if _hides_lookup(field.annotation):
            raise DefinitionError(f"Report {key}: the Lookup of {name} must stand outermost: Annotated[... | None, Lookup(...)]")
    for lookup in lookups(report.parameters).values():
        for name in filter(None, (lookup.options, lookup.default)):
            _read(pack.folder / name, f"Report {key}")
    base = _read(folder / report.base, f"Report {key}") if report.base else None
    return Entry(key, report, pack, folder, queries, _version(folder), base)


def _query(key: str, folder: Path, section: definition.Section, report: definition.Report) -> str:
    if isinstance(section, definition.Chart):
        section = next(other for other in report.sections if other.name == section.of)
    assert isinstance(section, definition.Tabular)
    return _read(folder / section.query, f"Report {key}, section {section.name}")


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DefinitionError(f"{what}: the file {path.name} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{what}: the file {path.name} is not UTF-8") from error


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".py", ".sql", ".typ")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def dataset(entry: Entry) -> definition.Table:
    """The one table that a dataset consists of. Raises UsageError when the report is more than that."""
    match entry.report.sections:
        case (definition.Table() as table,):
            return table
    raise UsageError(f"{entry.key} is a report of several sections, not a dataset; ask for it with /api/reports/generate")


def lookups(parameters: type[definition.Parameters]) -> dict[str, definition.Lookup]:
    """The fields whose values are looked up in the database, with where."""
    return {
        name: extra for name, field in parameters.model_fields.items() for extra in field.metadata if isinstance(extra, definition.Lookup)
    }


def _hides_lookup(annotation: object) -> bool:
    """Whether a Lookup stands where nobody would look for it, as in `Annotated[str, Lookup(...)] | None`."""
    inside = (*getattr(annotation, "__metadata__", ()), *get_args(annotation))
    return any(isinstance(part, definition.Lookup) or _hides_lookup(part) for part in inside)


def described(entry: Entry) -> dict[str, object]:
    """A report as data: its parameters (JSON Schema), and its sections with their columns."""
    return {
        "key": entry.key,
        "title": entry.report.title,
        "description": entry.report.description,
        "version": entry.version,
        "parameters": entry.report.parameters.model_json_schema(),
        "sections": [_described_section(section) for section in entry.report.sections],
    }


def _described_section(section: definition.Section) -> dict[str, object]:
    described: dict[str, object] = {"name": section.name, "title": section.title, "kind": type(section).__name__.lower()}
    if isinstance(section, definition.Tabular):
        described["columns"] = [
            {"name": column.name, "title": column.title, "kind": column.kind, "description": column.description, "personal": column.pii,
             "total": getattr(column, "total", False)}
            for column in section.columns
        ]  # fmt: skip
    return described
