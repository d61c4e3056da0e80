"""Stores: each one publishes whole files or none, over what was there, and leaves no scratch behind."""

import errno
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from octavo.errors import StorageError
from octavo.pipeline.store import Bucket, Folder, Scratch, Store, open_store

Read = Callable[[str], bytes]
OLD, NEW = b"old " * 5000, b"new " * 500_000


@pytest.fixture(params=["folder", "file url", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store keeps its files: a path, or a URL."""
    if request.param == "folder":
        return str(tmp_path / "kept")
    if request.param == "s3":
        return str(request.getfixturevalue("s3")) + f"/{os.getpid()}-{random.randrange(10**9)}"
    (tmp_path / "kept").mkdir()
    return (tmp_path / "kept").as_uri()


@pytest.fixture
def store(place: str) -> Store:
    return open_store(place)


@pytest.fixture
def read(place: str) -> Read:
    """Reads what a store holds, past the store."""
    if "://" not in place:
        return lambda key: (Path(place) / key).read_bytes()
    import obstore
    from obstore.store import from_url

    return lambda key: bytes(obstore.get(from_url(place), key).bytes())


def put(store: Store, key: str, contents: bytes, run_id: str = "run") -> str:
    with store.scratch(run_id) as scratch:
        scratch.write(contents)
        return store.put(scratch, key)


def listed(place: str) -> list[str]:
    if "://" not in place:
        return sorted(path.relative_to(place).as_posix() for path in Path(place).rglob("*") if path.is_file())
    import obstore
    from obstore.store import from_url

    return sorted(item["path"] for page in obstore.list(from_url(place)) for item in page)


# --- every store ------------------------------------------------------------------------------------------------------


def test_what_is_put_lies_there_whole_and_alone(store: Store, place: str, read: Read) -> None:
    assert put(store, "a/b/file.csv", NEW) == f"{place.removeprefix('file://')}/a/b/file.csv"
    assert read("a/b/file.csv") == NEW
    assert listed(place) == ["a/b/file.csv"]


def test_what_is_put_replaces_what_was_there(store: Store, place: str, read: Read) -> None:
    put(store, "file.csv", OLD)
    put(store, "file.csv", NEW)
    assert read("file.csv") == NEW
    put(store, "file.csv", b"")
    assert read("file.csv") == b""
    assert listed(place) == ["file.csv"]


def test_a_reader_sees_the_old_file_or_the_new_one_and_never_a_part(store: Store, read: Read) -> None:
    put(store, "file.csv", OLD)
    seen: set[bytes] = set()
    done = threading.Event()

    def poll() -> None:
        while not done.is_set():
            seen.add(read("file.csv"))

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for number in range(6):
            put(store, "file.csv", (NEW, OLD)[number % 2], f"run{number}")
    finally:
        done.set()
        reader.join()
    assert seen <= {OLD, NEW}


def test_nothing_is_seen_before_it_is_put(store: Store, place: str) -> None:
    with store.scratch("run") as scratch:
        scratch.write(NEW)
        scratch.settle()
        assert not [name for name in listed(place) if not name.startswith(".octavo-")]


@pytest.mark.parametrize("reason", [KeyboardInterrupt, RuntimeError, StorageError, SystemExit])
def test_whatever_happens_no_scratch_stays(
    store: Store, place: str, reason: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.raises(reason), store.scratch("run") as scratch:
        scratch.write(NEW)
        raise reason
    assert listed(place) == []
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("key", ["../file.csv", "a/../../file.csv", "", ".", "..", "a/.."])
def test_a_key_that_leads_out_of_the_store_is_refused(store: Store, place: str, key: str) -> None:
    with pytest.raises(StorageError, match=r"is no (file )?name"):
        store.check(key)
    with pytest.raises(StorageError, match=r"is no (file )?name"):
        put(store, key, OLD)
    assert listed(place) == []


def test_what_was_put_can_be_taken_away(store: Store, place: str) -> None:
    put(store, "file.csv", OLD)
    store.remove("file.csv")
    store.remove("file.csv")
    assert listed(place) == []


def test_what_was_put_can_be_read_again_and_what_was_not_is_none(store: Store) -> None:
    assert store.get("file.csv") is None
    put(store, "file.csv", OLD)
    assert store.get("file.csv") == OLD


def test_keys_are_listed_below_a_folder_and_not_beside_it(store: Store) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=2)
    for key in ("reports/1/a.csv", "reports/1/2026/b.csv", "reports/10/c.csv", "d.csv"):
        put(store, key, OLD)
    with store.scratch("run"):
        found = dict(store.keys("reports/1/"))
    assert set(found) == {"reports/1/a.csv", "reports/1/2026/b.csv"}
    assert all(begun < put_at < datetime.now(UTC) + timedelta(seconds=2) for put_at in found.values())
    assert set(dict(store.keys("reports/"))) == {"reports/1/a.csv", "reports/1/2026/b.csv", "reports/10/c.csv"}
    assert list(store.keys("nothing/")) == []


def test_the_scratch_of_a_run_that_was_killed_is_thrown_away_and_no_others_and_of_a_bucket_none(
    store: Store, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    kept = tmp_path / "kept" if isinstance(store, Folder) else tmp_path / "tmp"
    with ExitStack() as killed:
        for name in ("7-1", "7-1-seal", "7-10", "7-2"):
            killed.enter_context(store.scratch(name)).write(OLD)
        listed = store.scratches()
        store.discard_scratch("7-1")
        left = {path.name for path in kept.rglob("*") if path.is_file()}
    if isinstance(store, Folder):
        assert left == {".octavo-7-10.part", ".octavo-7-2.part"}
        assert sorted(listed) == ["7-1", "7-1-seal", "7-10", "7-2"]
    else:  # among temporary files, where another installation's may be called the same: a worker clears its own processes' folders
        assert left == {"7-1", "7-1-seal", "7-10", "7-2"}
        assert listed == []


# --- a folder ---------------------------------------------------------------------------------------------------------


def test_a_key_that_begins_at_the_root_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"is no file name inside"):
        put(Folder(tmp_path / "kept"), str(tmp_path / "elsewhere.csv"), OLD)
    assert not (tmp_path / "elsewhere.csv").exists()


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(StorageError, match=r"is no file name inside"):
        put(Folder(tmp_path / "kept"), "file.csv", OLD)
    assert not (tmp_path / "elsewhere.csv").exists()


def test_a_folder_under_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"The folder .* cannot be written: Not a directory"):
        put(Folder(tmp_path / "file" / "kept"), "file.csv", OLD)
    with pytest.raises(StorageError, match=r"cannot be written"):
        put(Folder(tmp_path), "file/file.csv", OLD)
    assert listed(str(tmp_path)) == ["file"]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file.csv").mkdir()
    with pytest.raises(StorageError, match=r"is no file name inside"):
        put(Folder(tmp_path), "file.csv", OLD)


def test_a_device_or_a_pipe_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    """As root a rename onto /dev/null would succeed, and break the machine."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match=r"pipe is a device or a pipe, and Octavo publishes files"):
        put(Folder(tmp_path), "pipe", OLD)
    assert (tmp_path / "pipe").is_fifo()
    with pytest.raises(StorageError, match=r"/dev/null is a device or a pipe"):
        Folder(Path("/dev")).check("null")


def test_who_publishes_into_one_folder_takes_turns(tmp_path: Path) -> None:
    store, order = Folder(tmp_path), []

    def publish() -> None:
        with store.turn("file.csv"):
            order.append("second")

    with store.turn("file.csv"):
        second = threading.Thread(target=publish)
        second.start()
        second.join(timeout=0.3)
        order.append("first")
    second.join()
    assert order == ["first", "second"]


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_made(locked_folder: Path) -> None:
    with pytest.raises(StorageError, match=r"The folder .* cannot be written: (Read-only file system|Permission denied)"):
        put(Folder(locked_folder), "file.csv", OLD)


FULL = "The disk is full, or the file is larger than allowed; nothing was made. Free some space and run it again"


def test_a_disk_that_is_full_at_a_write_leaves_nothing(small_disk: Path) -> None:
    with pytest.raises(StorageError) as refused:
        put(Folder(small_disk), "file.csv", b"x" * (3 << 20))
    assert str(refused.value) == FULL
    assert listed(str(small_disk)) == []


@pytest.mark.parametrize("failing", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_at_the_close_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """Where a system promises at the write and breaks at the fsync, as network file systems do, the old file stays."""
    put(Folder(tmp_path), "file.csv", OLD)

    def fail(descriptor: int) -> None:
        raise OSError(failing, os.strerror(failing))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match=r"cannot be written: Input/output error" if failing == errno.EIO else "The disk is full"):
        put(Folder(tmp_path), "file.csv", NEW)
    assert (tmp_path / "file.csv").read_bytes() == OLD
    assert listed(str(tmp_path)) == ["file.csv"]


def test_a_file_larger_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    """RLIMIT_FSIZE is a full disk that needs no rights to be made."""
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom octavo.pipeline.store import Folder\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "store = Folder(Path(sys.argv[1]))\n"
        "with store.scratch('run') as scratch:\n    [scratch.write(b'x' * 100_000) for _ in range(20)]\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith(f"StorageError: {FULL}")
    assert list(tmp_path.iterdir()) == []


# --- a bucket ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["foo://bucket", "s3://", "nonsense://", "file://relative/path", "memory:///"])
def test_a_url_that_names_no_store_is_found_before_anything_is_made(url: str) -> None:
    with pytest.raises(StorageError, match=r"names no store|did not take"):
        put(Bucket(url), "file.csv", OLD)


@pytest.mark.parametrize(("name", "value"), [("SECRET_ACCESS_KEY", "wrong"), ("ACCESS_KEY_ID", "nobody")])
def test_a_bucket_takes_nothing_without_the_right_key(s3: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AWS_{name}", value)
    with pytest.raises(StorageError, match=r"did not take file.csv") as refused:
        put(Bucket(s3), "file.csv", OLD)
    assert "\n" not in str(refused.value)


def test_a_large_file_arrives_in_parts_as_one_object(s3: str) -> None:
    import obstore
    from obstore.store import from_url

    contents = random.Random(7).randbytes(12 << 20)
    put(Bucket(s3), "large.bin", contents)
    assert bytes(obstore.get(from_url(s3), "large.bin").bytes()) == contents


# --- scratch ----------------------------------------------------------------------------------------------------------


def test_the_digest_is_that_of_the_file_in_order_or_not(tmp_path: Path) -> None:
    draw = random.Random(11)
    for number in range(20):
        with Scratch(tmp_path / str(number)) as scratch:
            for _ in range(draw.randrange(12)):
                if number % 2:
                    scratch.seek(draw.randrange(scratch.size() + 1))
                scratch.write(memoryview(bytearray(draw.randbytes(draw.randrange(50_000)))))
            if number % 5 == 4:
                scratch.truncate(scratch.size() // 2)
            digest, size = scratch.digest(), scratch.size()
        whole = (tmp_path / str(number)).read_bytes()
        assert (digest, size) == (hashlib.sha256(whole).hexdigest(), len(whole))


def test_scratch_never_writes_into_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(OLD)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "link"):
        with pytest.raises(FileExistsError):
            Scratch(tmp_path / name)
    assert (tmp_path / "there").read_bytes() == OLD
