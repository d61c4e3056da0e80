"""RESULTS.md, whose sections are written by different benchmarks: each replaces its own."""

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def write_section(title: str, body: str) -> None:
    """Puts a section `## title` in the place of the one of that name, or at the end."""
    section = f"## {title}\n\n{body.strip()}\n"
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    found = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    text = (
        text[: found.start()] + section + ("\n" if text[found.end() :] else "") + text[found.end() :]
        if found
        else f"{text.rstrip()}\n\n{section}"
    )
    RESULTS.write_text(text, encoding="utf-8")


def write_head(text: str) -> None:
    """Puts what stands before the first section, and keeps the sections."""
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    found = re.search(r"^## ", before, re.MULTILINE)
    RESULTS.write_text(text.rstrip() + "\n" + (f"\n{before[found.start() :]}" if found else ""), encoding="utf-8")
