"""The child process in which Typst works: it reads jobs from its standard input and writes PDFs to its standard output.

It runs by its path and imports nothing of Octavo, so that it starts in a few hundredths of a second. It sees no environment but the one that
`compile` gives it, in which every proxy is a closed door: a layout that asks for a package from the network gets none. It ends when
its standard input does, so that it never outlives who started it. The one folder that it makes is named by who started it, who removes it
where this process is killed before it could.
"""

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

_SIZE = 8
_WARM = "#for f in {families} {{ for w in (400, 600, 700) {{ text(font: f, weight: w, [a _b_]) }} }}"


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    site, folder, *faces = sys.argv[1:]
    sys.path.append(site)
    import typst

    empty = Path(folder)
    empty.mkdir(mode=0o700)
    try:
        fonts = _load(typst, empty, faces)
    finally:
        shutil.rmtree(empty)
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    while size := jobs.read(_SIZE):
        job = json.loads(jobs.read(int.from_bytes(size)))
        try:
            _answer(answers, b"+", _typeset(typst, fonts, job))
        except typst.TypstError as error:
            said = {"message": error.message, "diagnostic": error.diagnostic, "hints": error.hints}
            _answer(answers, b"-", json.dumps(said).encode())
        except Exception as error:  # whatever it was, whoever waits is told
            _answer(answers, b"-", json.dumps({"message": "", "diagnostic": repr(error), "hints": []}).encode())


def _load(typst: Any, folder: Path, faces: list[str]) -> Any:
    """The fonts: those of `faces` only, and Typst's own for characters that they lack. All are read here, so `folder` may go."""
    for face in faces:
        (folder / Path(face).name).symlink_to(face)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(folder)])
    families = sorted({font.family for font in fonts.fonts() if font.path})
    source = _WARM.format(families=json.dumps(families).replace("[", "(").replace("]", ",)"))
    typst.Compiler(source.encode(), root=folder, font_paths=fonts, ignore_system_fonts=True).compile(format="pdf")
    return fonts


def _typeset(typst: Any, fonts: Any, job: dict[str, Any]) -> bytes:
    compiler = typst.Compiler(
        job["source"].encode(),
        root=job["root"],
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs=job["inputs"],
        package_path=job["no_packages"],
        package_cache_path=job["no_packages"],
    )
    made: bytes = compiler.compile(format="pdf", pdf_standards=job["standards"], timestamp=job["timestamp"])
    return made


def _answer(answers: BinaryIO, sign: bytes, body: bytes) -> None:
    answers.write(sign + len(body).to_bytes(_SIZE))
    answers.write(body)
    answers.flush()


if __name__ == "__main__":
    main()
