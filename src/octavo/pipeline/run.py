"""The spine: define, open, bind, write, seal, store. The page, the API, the CLI and the scheduler all make files here. Read this first."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from octavo.database.connection import Database
from octavo.errors import UsageError
from octavo.pipeline import bundle, catalog, manifest, merging, protection, writers
from octavo.pipeline.binding import Request, refuse
from octavo.pipeline.document import Counter, Document, Progress
from octavo.pipeline.naming import Served
from octavo.pipeline.snapshot import open_snapshot
from octavo.pipeline.store import Scratch, Store

NameFile = Callable[[Document, str], str]
"""Gives the key of the artefact in its store, from the document and the extension of its format."""


@dataclass(frozen=True)
class Artefact:
    """A finished file: where it lies, its manifest, how many seconds it took, and its media type."""

    place: str
    manifest: manifest.Manifest
    seconds: float
    media_type: str


def render(
    request: Request,
    *,
    reports: catalog.Catalog,
    database: Database,
    store: Store,
    name_file: NameFile,
    progress: Progress | None = None,
    look: Callable[[Document], None] | None = None,
    run_id: str | None = None,
    save_as: str | None = None,
) -> Artefact:
    """Makes the file that `request` asks for and publishes it with its manifest, or raises an OctavoError and leaves nothing.

    `look` is shown the document before it is written, in the same snapshot. `run_id` names the scratch files and stands in the manifest.
    `save_as` is how a browser calls what it fetches from the store, without its extension; without it as the artefact is called.
    """
    begun = time.monotonic()
    entry = reports.report(request.report, request.organization)
    plain = writers.named(request.format)
    format_ = protection.under(bundle.zipped(plain) if request.made_as == "zip" else plain, request.password)
    options = format_.read_options(dict(request.options))
    merging.parse(entry, request)
    run_id = run_id or secrets.token_hex(8)
    counter = Counter(progress)

    with store.scratch(run_id) as scratch, store.scratch(f"{run_id}-seal") as seal:
        with open_snapshot(database, request.organization, request.zone or request.organization.time_zone, request.planned_at) as snapshot:
            document = merging.bind(entry, request, snapshot, run_id, counter.add)
            refuse(document, request)
            counter.expect(document.rows)
            format_.refuse_too_large(document)
            if look:
                look(document)
            format_.write(document, scratch, options)
        document.agree()
        extension, media_type = format_.file_kind(document, options)
        key = name_file(document, extension)
        name = key.rsplit("/", 1)[-1]
        served = Served(f"{save_as}.{extension}" if save_as else name, media_type)
        sealed = manifest.seal(document, manifest.File(name=name, bytes=scratch.size(), sha256=scratch.digest()), format_.name, options)
        seal.write(sealed.to_json().encode())
        place = _publish(store, scratch, seal, key, served)
    return Artefact(place, sealed, time.monotonic() - begun, media_type)


def _publish(store: Store, file: Scratch, seal: Scratch, key: str, served: Served) -> str:
    """The manifest first, so that a file that is seen has its manifest beside it; and what can fail is tried before either is seen.

    When the file cannot be put after all, the manifest of the one that was there before is put back.
    """
    if key.endswith(manifest.SUFFIX):
        raise UsageError(f"{key} is what the manifest of another file is called; choose another name")
    seal_key = key + manifest.SUFFIX
    for scratch, name in ((file, key), (seal, seal_key)):
        store.check(name)
        scratch.settle()
    with store.turn(key):
        before = store.get(seal_key)
        store.put(seal, seal_key, manifest.served(served))
        try:
            return store.put(file, key, served)
        except BaseException:
            _put_back(store, seal_key, before)
            raise


def _put_back(store: Store, key: str, contents: bytes | None) -> None:
    if contents is None:
        store.remove(key)
        return
    with store.scratch(secrets.token_hex(8)) as scratch:
        scratch.write(contents)
        store.put(scratch, key)
