"""Fixtures: a disk that is really full, and a folder that nobody may write into."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False).returncode:
        pytest.skip("no small disk: only root may mount one")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def locked_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody may write into, root neither."""
    folder = tmp_path / "locked"
    folder.mkdir()
    mounted = not subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", folder], capture_output=True, check=False).returncode
    folder.chmod(0o555) if not mounted else None
    if not mounted and os.geteuid() == 0:
        pytest.skip("no locked folder: root writes everywhere, and may not mount a disk that is read only")
    yield folder
    subprocess.run(["umount", folder], check=True) if mounted else folder.chmod(0o755)
