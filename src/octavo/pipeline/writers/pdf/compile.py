"""Typst, jailed: data goes in as JSON and never as source, files come from one fresh folder, packages and the network are off.

Typst works in a child process (typesetter.py), which is kept warm for small documents and thrown away after a large one, because Typst
keeps what it has set in memory.
"""

import atexit
import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from octavo.errors import DefinitionError, Interrupted, OctavoError
from octavo.pipeline import fonts

LAYOUTS = Path(__file__).parent / "layouts"
LIBRARY = "octavo.typ"

# A warm child keeps what it has set; after this many lines of tables it is thrown away, and its memory with it.
_LINES_BEFORE_A_NEW_CHILD = 400

_SIZE = 8
_NOWHERE = "http://127.0.0.1:9"
_ENVIRONMENT = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _NOWHERE)
_PACKAGE = re.compile(r"""["']@[a-z0-9_-]+/""")
_LACKING = re.compile(r"(?:the text|the disallowed codepoint|codepoint) `\"((?:[^\"\\]|\\.)*)\"`")


class TypesettingFailed(OctavoError):
    """Typst could not set a layout."""


@dataclass(frozen=True)
class Job:
    """A main file and the JSON values it can ask for by name. `timestamp` is in seconds since 1970; `printed` is applied to all text."""

    source: str
    inputs: dict[str, Any]
    standards: tuple[str, ...] = ()
    timestamp: int | None = None
    printed: Callable[[str], str] = str


@dataclass(frozen=True)
class Workshop:
    """A folder with the library, one layout and what that shows, and nothing else that Typst could read."""

    root: Path
    no_packages: Path

    def typeset(self, job: Job, *, lines: int = 0) -> bytes:
        """The PDF. Raises TypesettingFailed with Typst's own words, which name the line of the layout."""
        answer = _ask(
            {
                "root": str(self.root),
                "no_packages": str(self.no_packages),
                "source": job.source,
                "inputs": {name: job.printed(json.dumps(value, ensure_ascii=False)) for name, value in job.inputs.items()},
                "standards": job.standards,
                "timestamp": job.timestamp,
            },
            lines,
        )
        if isinstance(answer, bytes):
            return answer
        if "package" in answer["message"]:
            raise DefinitionError(
                f"The layout asks for a Typst package; packages are off, so copy what it needs into the layout: {answer['message']}"
            )
        raise TypesettingFailed(f"The layout cannot be set; nothing was made. {answer['diagnostic'].strip()}")

    def lacking(self, characters: Sequence[str]) -> set[str]:
        """Those of the characters that no font here can show. Typst says so when it is held to PDF/UA."""
        source = '#set document(title: "-")\n#set text(font: "Source Sans Pro")\n#for c in json(bytes(sys.inputs.characters)) [#c \\ ]'
        job = {"root": str(self.root), "no_packages": str(self.no_packages), "source": source, "standards": ["ua-1"], "timestamp": 0}
        answer = _ask({**job, "inputs": {"characters": json.dumps(list(characters))}}, 0)
        if isinstance(answer, bytes):
            return set()
        return {_unescaped(found) for found in _LACKING.findall(answer["diagnostic"])} & set(characters)


@contextmanager
def workshop(layout: Path, files: Mapping[str, bytes]) -> Iterator[Workshop]:
    """A workshop with that layout and those files beside it, in a temporary folder that is removed whatever happens."""
    text = layout.read_text(encoding="utf-8")
    if _PACKAGE.search(text):
        raise DefinitionError(f"The layout {layout.name} imports a Typst package; packages are off, so copy what it needs into the layout")
    with tempfile.TemporaryDirectory(prefix="octavo-pdf-") as name:
        root, no_packages = Path(name) / "root", Path(name) / "none"
        root.mkdir()
        no_packages.mkdir()
        shutil.copyfile(LAYOUTS / LIBRARY, root / LIBRARY)
        (root / "layout.typ").write_text(text, encoding="utf-8")
        for file, contents in files.items():
            (root / file).write_bytes(contents)
        yield Workshop(root, no_packages)


def _unescaped(found: str) -> str:
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), found)


# --- the child ----------------------------------------------------------------------------------------------------------


class _Child:
    """One process of typesetter.py and the two pipes to it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lines = 0
        found = importlib.util.find_spec("typst")
        if found is None or found.origin is None:
            raise TypesettingFailed("PDF needs the Python package typst, which is not installed")
        site = str(Path(found.origin).parent.parent)
        self._fonts = Path(tempfile.gettempdir()) / f"octavo-fonts-{uuid.uuid4().hex}"
        environment = {**_ENVIRONMENT, **{name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR", "PATH") if name in os.environ}}
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("typesetter.py")), site, str(self._fonts), *map(str, fonts.faces())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def ask(self, job: bytes) -> bytes | dict[str, Any]:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(len(job).to_bytes(_SIZE) + job)
            stdin.flush()
            sign = stdout.read(1)
            body = stdout.read(int.from_bytes(stdout.read(_SIZE)))
        except BrokenPipeError:
            sign = b""
        if not sign:
            code = self.process.wait()
            if code == -signal.SIGKILL:
                raise Interrupted(
                    "Typst was killed while it set the file, by somebody or for want of memory on the machine; nothing was made"
                )
            raise TypesettingFailed(f"Typst ended without an answer (exit code {code}), for want of memory perhaps; nothing was made")
        return body if sign == b"+" else cast(dict[str, Any], json.loads(body))

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self._fonts, ignore_errors=True)  # it is gone, unless the child was killed while it read them
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what was not read by a child that is dead does not matter
                    pipe.close()


class _Bench:
    """Holds the child that is warm. One job at a time; a fork of this process starts a child of its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.child: _Child | None = None

    def ask(self, job: bytes, lines: int) -> bytes | dict[str, Any]:
        with self.lock:
            if self.child is None:
                self.child = _Child()
            try:
                answer = self.child.ask(job)
            except BaseException:  # half an answer may stand in the pipe: this child is of no more use
                self.end()
                raise
            self.child.lines += lines
            if self.child.lines > _LINES_BEFORE_A_NEW_CHILD:
                self.end()
                with contextlib.suppress(OSError):  # the next job tries again, and says why
                    self.child = _Child()  # gets ready meanwhile
            return answer

    def end(self) -> None:
        if self.child is not None:
            child, self.child = self.child, None
            child.end()


_bench = _Bench()


def warm_child() -> int | None:
    """The process id of the child that waits for work, if there is one."""
    return _bench.child.process.pid if _bench.child is not None else None


def _ask(job: dict[str, Any], lines: int) -> bytes | dict[str, Any]:
    return _bench.ask(json.dumps(job, ensure_ascii=False).encode("utf-8", "replace"), lines)


def _end_at_exit() -> None:
    _bench.end()


def _forget_after_fork() -> None:
    """The child belongs to the parent of this fork; here its pipes lead nowhere, so that it ends when the parent does."""
    global _bench
    abandoned, _bench = _bench.child, _Bench()
    if abandoned is None:
        return
    nowhere = os.open(os.devnull, os.O_RDWR)
    for pipe in (abandoned.process.stdin, abandoned.process.stdout):
        if pipe is not None:
            os.dup2(nowhere, pipe.fileno())
    os.close(nowhere)
    abandoned.process.returncode = 0


atexit.register(_end_at_exit)
os.register_at_fork(after_in_child=_forget_after_fork)
