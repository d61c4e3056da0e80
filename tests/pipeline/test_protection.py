"""A password on a file: without it no program opens the file, with it independent ones find in it what is there without one."""

import hashlib
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pikepdf
import pytest
import stream_unzip

from octavo.errors import UsageError, VerificationFailed
from octavo.pipeline import catalog, manifest, protection
from octavo.pipeline.verify import verify
from tests.conftest import Render

PASSWORD = "canary-7f3a91c2-canary"
SEVEN_ZIP = shutil.which("7zz") or shutil.which("7z")


def unzipped(path: Path, password: str | None) -> dict[str, bytes]:
    """What an independent reader finds in the zip (stream-unzip, which shares no code with what wrote it)."""
    members: Iterable[tuple[bytes, int, Iterable[bytes]]] = stream_unzip.stream_unzip(
        iter([path.read_bytes()]), password=None if password is None else password.encode()
    )
    return {name.decode(): b"".join(contents) for name, _, contents in members}


@pytest.mark.filterwarnings("ignore:PBKDF2 without:DeprecationWarning")  # the reader's, of what the format prescribes
@pytest.mark.parametrize(
    ("report", "format"), [("retail.sales", "csv"), ("energy.contracts", "csv"), ("retail.sales", "json"), ("retail.sales", "xlsx")]
)
def test_a_zip_opens_with_its_password_alone_and_holds_the_file(render: Render, report: str, format: str) -> None:
    plain, locked = Path(render(report, format).place), render(report, format, password=PASSWORD)
    path = Path(locked.place)
    assert (path.suffix, locked.manifest.protected, locked.manifest.format) == (".zip", True, format)
    for wrong in (None, PASSWORD + "x"):
        with pytest.raises(stream_unzip.UnzipError):
            unzipped(path, wrong)
    found = unzipped(path, PASSWORD)
    if format == "csv" and plain.suffix == ".zip":  # not a zip in a zip
        with zipfile.ZipFile(plain) as archive:
            assert found == {name: archive.read(name) for name in archive.namelist()}
            assert len(found) > 1
    else:
        assert list(found) == [f"{report}.{format}"]
    if (report, format) == ("energy.contracts", "csv"):
        assert found[f"{report}.csv"] == plain.read_bytes()
    if format == "json":
        assert json.loads(found[f"{report}.json"])["sections"] == json.loads(plain.read_text())["sections"]


@pytest.mark.skipif(SEVEN_ZIP is None, reason="7-Zip is not installed")
def test_seven_zip_opens_the_zip_with_its_password_alone(render: Render, tmp_path: Path) -> None:
    path = Path(render("retail.sales", "csv", password=PASSWORD).place)
    assert SEVEN_ZIP is not None
    listed = subprocess.run([SEVEN_ZIP, "l", "-slt", path], capture_output=True, text=True, check=True).stdout
    methods = [line for line in listed.splitlines() if line.startswith("Method = ")]
    assert methods and all("AES-256" in line for line in methods)
    for password, code in ((PASSWORD, 0), (PASSWORD + "x", 2)):
        assert subprocess.run([SEVEN_ZIP, "t", f"-p{password}", path], capture_output=True, check=False).returncode == code


def test_a_pdf_opens_with_its_password_alone(render: Render) -> None:
    plain, locked = Path(render("retail.sales", "pdf").place), render("retail.sales", "pdf", password=PASSWORD)
    path = Path(locked.place)
    assert (path.suffix, locked.manifest.protected) == (".pdf", True)
    for wrong in ("", PASSWORD + "x"):
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(path, password=wrong)
    with pikepdf.open(path, password=PASSWORD) as opened, pikepdf.open(plain) as without:
        assert (opened.encryption.R, opened.encryption.bits, opened.encryption.stream_method.name) == (6, 256, "aesv3")
        assert len(opened.pages) == len(without.pages)
        assert opened.allow.extract and opened.allow.accessibility
        assert opened.user_password_matched and not opened.owner_password_matched
    if shutil.which("pdftotext"):
        texts = [
            subprocess.run(["pdftotext", *more, "-"], capture_output=True, text=True, check=True).stdout.splitlines()
            for more in (["-upw", PASSWORD, str(path)], [str(plain)])
        ]
        assert texts[0][:3] == texts[1][:3] != []
        assert subprocess.run(["pdftotext", path, "-"], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("format", ["csv", "pdf", "xlsx", "json"])
def test_what_was_stored_is_what_is_verified(render: Render, format: str) -> None:
    locked = render("retail.sales", format, password=PASSWORD)
    path = Path(locked.place)
    verified = verify(path)
    assert (verified.manifest.protected, verified.recounted) == (True, False)
    assert verified.manifest.file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert PASSWORD not in (path.parent / (path.name + manifest.SUFFIX)).read_text()
    assert PASSWORD.encode() not in path.read_bytes()
    assert PASSWORD not in repr(locked)


@pytest.mark.parametrize(
    ("report", "format"), [("retail.sales", "csv"), ("energy.contracts", "csv"), ("retail.sales", "xlsx"), ("retail.sales", "json")]
)
def test_with_its_password_the_rows_of_a_file_are_counted_again(render: Render, report: str, format: str) -> None:
    path = Path(render(report, format, password=PASSWORD).place)
    assert verify(path, PASSWORD).recounted
    with pytest.raises(VerificationFailed, match="not opened by this password"):
        verify(path, PASSWORD + "x")
    seal = path.parent / (path.name + manifest.SUFFIX)
    sealed = json.loads(seal.read_text())
    section = next(one for one in sealed["sections"] if one["kind"] == "table")
    section["rows"] += 1
    seal.write_text(json.dumps(sealed))
    with pytest.raises(VerificationFailed, match=f"section {section['name']} has"):
        verify(path, PASSWORD)


def test_a_file_without_a_password_says_nothing_of_one(render: Render) -> None:
    made = render("energy.contracts", "csv")
    assert "protected" not in made.manifest.to_json()
    assert verify(Path(made.place)).recounted


def test_no_contents_are_left_beside_a_protected_file(render: Render, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    made = render("energy.contracts", "json", password=PASSWORD)
    assert list(room.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {Path(made.place).name, Path(made.place).name + manifest.SUFFIX}


@pytest.mark.parametrize(
    "wrong",
    ["", "short", "x" * 101, "pässwörter-mit-umlaut", " twelve-or-more", "twelve-or-more ", "twelve\nor-more-x", "a\x00bcdefghijklm"],
)
def test_a_password_that_some_program_could_not_be_given_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="12 to 100 characters"):
        protection.check(wrong)


def test_a_password_that_is_made_is_one_and_never_the_same() -> None:
    made = {protection.made() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        protection.check(password)


def test_a_pdf_for_the_archive_takes_no_password(render: Render, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="PDF/A takes no password"):
        render("retail.sales", "pdf", options={"standard": "pdf/a-3b"}, password=PASSWORD)
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []
    assert catalog.installed().report("retail.sales")
