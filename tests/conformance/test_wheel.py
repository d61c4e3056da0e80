"""The wheel holds everything that a run needs, and works from a folder that knows nothing of the tree."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(pip, check=True, capture_output=True)
    (built,) = folder.glob("octavo-*.whl")
    return built


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    source = ROOT / "src"
    needed = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and path.suffix in (".py", ".sql", ".typ", ".json", ".csv", ".html", ".css", ".js", ".svg")
    }
    assert {name for name in needed if name.endswith((".sql", ".typ", ".html"))}
    with zipfile.ZipFile(wheel) as archive:
        assert needed - set(archive.namelist()) == set()
        assert any(name.endswith("LICENSE") for name in archive.namelist())


def test_the_installed_wheel_migrates_and_renders_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], check=True, capture_output=True
    )
    environment = {**os.environ, "PYTHONPATH": str(site), "OCTAVO_DATA_DIR": str(tmp_path / "data")}
    environment.pop("OCTAVO_DATABASE_URL", None)
    where = "import octavo, pathlib; print(pathlib.Path(octavo.__file__).parent.parent)"
    found = subprocess.run([sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == site, "the tree was found instead of the wheel"
    out = tmp_path / "files"
    done = subprocess.run(
        [sys.executable, "-m", "octavo", "demo", "--no-serve", "--out", str(out)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len([path for path in out.rglob("*.pdf") if path.read_bytes().startswith(b"%PDF-")]) >= 10
