"""The rules of the house that no linter knows: file length, and who may open connections. Run by make check."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LONGEST = {"src/octavo/pipeline/run.py": 120}
LONGEST_OTHERWISE = 500


def too_long() -> list[str]:
    """A file past 500 lines (the spine: past 120) has more than one subject."""
    found = []
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")]:
        name = path.relative_to(ROOT).as_posix()
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST.get(name, LONGEST_OTHERWISE):
            found.append(f"{name}: {lines} lines")
    return found


def opens_connections() -> list[str]:
    """Only database/ connects, commits or sets a role: elsewhere a transaction could begin without a tenant."""
    forbidden = re.compile(r"psycopg\.connect\(|\.commit\(\)|set role|ConnectionPool\(", re.IGNORECASE)
    return [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()}"
        for path in ROOT.glob("src/octavo/**/*.py")
        if "database" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if forbidden.search(line)
    ]


def silent() -> list[str]:
    """Every module opens with what it owns or promises."""
    return [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("src/octavo/**/*.py")
        if path.read_text(encoding="utf-8").strip() and not path.read_text(encoding="utf-8").lstrip().startswith('"""')
    ]


def main() -> None:
    rules = {"Too long": too_long(), "Opens a connection outside database/": opens_connections(), "Opens without a docstring": silent()}
    for rule, found in rules.items():
        for place in found:
            print(f"{rule}: {place}", file=sys.stderr)
    sys.exit(1 if any(rules.values()) else 0)


if __name__ == "__main__":
    main()
