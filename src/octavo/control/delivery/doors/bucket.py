"""A folder of a bucket on S3, GCS or Azure, with the keys of the place alone: what the environment of the server may open, no organization opens."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from octavo.control.delivery.door import Kind, Refusing, Shut, Where


class BucketDoor:
    """An object appears under its name when all of it has arrived, so nothing is renamed."""

    kind: ClassVar[Mapping[str, Kind]] = {
        "s3": Kind("A bucket on S3, or on what speaks like it", "s3://bucket/folder", options=("region", "endpoint"),
                   secrets=("access_key_id", "secret_access_key"), needed=("access_key_id", "secret_access_key")),
        "gs": Kind("A bucket on Google Cloud", "gs://bucket/folder", secrets=("service_account_key",), needed=("service_account_key",)),
        "az": Kind("A container on Azure", "az://container/folder", options=("account_name",), secrets=("account_key",), needed=("account_key",)),
    }  # fmt: skip

    def __init__(self, where: Where) -> None:
        self._where = where
        self._folder = f"{where.folder}/" if where.folder else ""
        self._objects = _opened(where)

    def size(self, path: str) -> int | None:
        import obstore

        with _told():
            try:
                return int(obstore.head(self._objects, self._folder + path)["size"])
            except FileNotFoundError:
                return None

    def read(self, path: str, most: int) -> bytes | None:
        import obstore

        size = self.size(path)
        with _told():
            return None if size is None else bytes(obstore.get_range(self._objects, self._folder + path, start=0, end=min(size, most)))

    def write(self, path: str, temporary: str, pieces: Iterator[bytes], size: int) -> None:
        import obstore

        with _told():
            writer = obstore.open_writer(self._objects, self._folder + path)
            for piece in pieces:
                writer.write(piece)
            writer.close()

    def remove(self, path: str) -> None:
        import obstore

        with _told():
            obstore.delete(self._objects, self._folder + path)

    def close(self) -> None:
        """Nothing is kept open."""


def _opened(where: Where) -> Any:
    from obstore.exceptions import BaseError
    from obstore.store import AzureStore, GCSStore, S3Store

    limit = timedelta(seconds=where.seconds)
    client: Any = {"timeout": limit, "connect_timeout": min(limit, timedelta(seconds=10))}
    retry: Any = {"max_retries": 2, "retry_timeout": limit}
    try:
        if where.scheme == "gs":
            return GCSStore(where.host, service_account_key=where.secrets["service_account_key"], client_options=client, retry_config=retry)
        if where.scheme == "az":
            account = where.options.get("account_name", "")
            return AzureStore(
                where.host, account_name=account, account_key=where.secrets["account_key"], endpoint=f"https://{account}.blob.core.windows.net",
                client_options=client, retry_config=retry,
            )  # fmt: skip
        region = where.options.get("region") or "us-east-1"
        endpoint = where.options.get("endpoint") or f"https://s3.{region}.amazonaws.com"  # named always, or the environment would name it
        address = urlsplit(endpoint)
        if address.scheme not in ("http", "https") or not address.hostname or address.username or address.path not in ("", "/"):
            raise Refusing("The endpoint of a bucket is written like https://s3.example.org")
        protected = address.scheme == "https"
        if where.options.get("endpoint"):
            where.require_protected(where.addresses(address.port or (443 if protected else 80), address.hostname), protected)
        return S3Store(
            where.host, endpoint=endpoint, region=region, access_key_id=where.secrets["access_key_id"],
            secret_access_key=where.secrets["secret_access_key"], skip_signature=False, client_options=client | {"allow_http": not protected}, retry_config=retry,
        )  # fmt: skip
    except (BaseError, ValueError) as error:
        raise Refusing("The bucket cannot be opened with what is said of it; look over its url, options and secrets") from error


@contextmanager
def _told() -> Iterator[None]:
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise Shut("The bucket refuses the keys, or does not let them read and write there") from error
    except (BaseError, OSError) as error:
        refused = any(mark in str(error) for mark in ("403", "401", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"))
        raise Shut("The bucket refuses the keys" if refused else "The bucket cannot be reached, or gave up in the middle") from error
