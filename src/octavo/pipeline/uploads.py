"""Uploads to an S3 bucket that were begun in parts and never finished: they are seen nowhere and paid for until somebody ends them.

obstore neither lists nor ends them, but signs: a store whose endpoint carries the sub-resource in its query makes the address. What it
adds to the path then falls into a parameter whose name begins with x-, and S3 looks at none of those.
"""

import re
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from octavo.errors import StorageError

_LASTS = timedelta(minutes=5)
_ANY = "any"

_NOT_FOR_US = {"GET": (403, 405, 501), "DELETE": (404,)}
"""A key that may not list uploads, or a server that cannot: then the bucket's lifecycle rule ends them. One that was finished or ended meanwhile."""


def abandon(objects: Any, prefix: str, before: datetime | None, timeout: float) -> list[str]:
    """Ends the unfinished uploads whose keys begin with `prefix`, those begun before that time alone if one is given; gives their keys.

    `objects` is obstore's store for the bucket. Raises StorageError, OSError.
    """
    bucket, inside = _address(objects)
    ended = []
    answer = _asked(objects, "GET", bucket, {"uploads": "", "prefix": inside + prefix}, timeout)
    if not answer:
        return []
    for upload in ElementTree.fromstring(answer).iterfind("{*}Upload"):
        key, number, begun = (upload.findtext(f"{{*}}{name}") or "" for name in ("Key", "UploadId", "Initiated"))
        if not key.startswith(inside + prefix) or (before is not None and not _begun_before(begun, before)):
            continue
        _asked(objects, "DELETE", f"{bucket}/{quote(key)}", {"uploadId": number}, timeout)
        ended.append(key.removeprefix(inside))
    return ended


def _address(objects: Any) -> tuple[str, str]:
    """The address of the bucket, and what the URL of the store puts before every key in it."""
    import obstore

    inside = f"{objects.prefix}/" if objects.prefix else ""
    url = urlsplit(str(obstore.sign(objects, "GET", _ANY, _LASTS)))
    return f"{url.scheme}://{url.netloc}{url.path.removesuffix(quote(inside) + _ANY).rstrip('/')}", inside


def _asked(objects: Any, method: Literal["GET", "DELETE"], address: str, query: dict[str, str], timeout: float) -> bytes:
    import obstore
    from obstore.store import S3Store

    endpoint = f"{address}?{urlencode(query, quote_via=quote)}&x-octavo="
    signing = S3Store(**{**objects.config, "endpoint": endpoint, "virtual_hosted_style_request": True})
    request = urllib.request.Request(str(obstore.sign(signing, method, _ANY, _LASTS)), method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        with error:
            if error.code in _NOT_FOR_US[method]:
                return b""
            raise StorageError(f"the bucket answers {error.code}") from error


def _begun_before(begun: str, before: datetime) -> bool:
    return datetime.fromisoformat(re.sub(r"Z$", "+00:00", begun)).astimezone(UTC) < before
