"""docs/write-a-report.md is followed to the letter: its files are written, its package installed, its commands run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ROOT, superuser

PAGE = (ROOT / "docs" / "write-a-report.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```\w+ file=(\S+)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = [line.split("  #")[0].strip() for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorial's package, built and installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("tutorial")
    for name, text in FILES.items():
        if name.startswith("corner_shop/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    source = folder / "corner_shop" / "src" / "corner_shop"
    (source / "__init__.py").touch()
    (source / "purchases" / "__init__.py").touch()
    site = folder / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        str(site),
        str(folder / "corner_shop"),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    return site


@pytest.fixture
def shop(conninfo: str) -> str:
    """A stranger's database with the tutorial's tables, which octavo migrate has not seen yet."""
    with psycopg.connect(superuser(conninfo), autocommit=True) as connection:
        connection.execute("drop database if exists stranger with (force)")
        connection.execute("create database stranger owner octavo")
    address = psycopg.conninfo.make_conninfo(conninfo, dbname="stranger")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(FILES["tables.sql"].encode())
    return address


def test_a_stranger_who_follows_the_tutorial_gets_the_files_it_shows(package: Path, shop: str, tmp_path: Path) -> None:
    environment = {**os.environ, "OCTAVO_DATABASE_URL": shop, "PYTHONPATH": str(package), "OCTAVO_DATA_DIR": str(tmp_path / "unused")}
    commands = [command for command in COMMANDS if command.startswith("octavo ")]
    assert len(commands) == 7
    for command in commands:
        if command.startswith("octavo catalog"):
            with psycopg.connect(shop, autocommit=True) as connection:
                connection.execute(FILES["grants.sql"].encode())
        words = re.findall(r'"[^"]*"|\S+', command)[1:]
        done = subprocess.run(
            [sys.executable, "-m", "octavo", *(word.strip('"') for word in words)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        assert done.stderr == "", (command, done.stderr)
    assert (tmp_path / "purchases.csv").read_text(encoding="utf-8").splitlines() == FILES["purchases.csv"].splitlines()
    assert (tmp_path / "purchases.pdf").read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "january.xlsx").read_bytes().startswith(b"PK")


def test_another_organization_does_not_see_the_pack(package: Path, shop: str, tmp_path: Path) -> None:
    environment = {**os.environ, "OCTAVO_DATABASE_URL": shop, "PYTHONPATH": str(package), "OCTAVO_DATA_DIR": str(tmp_path / "unused")}

    def octavo(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "octavo", *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert octavo("migrate").returncode == 0
    assert octavo("admin", "organization", "somebody-else").returncode == 0
    refused = octavo("render", "shop.purchases", "--organization", "somebody-else")
    assert refused.returncode == 2
    assert "There is no report 'shop.purchases'" in refused.stderr
    assert list(tmp_path.glob("shop*")) == []
