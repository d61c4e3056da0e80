"""octavo serve: the web process."""

import socket
from typing import Annotated

import typer

from octavo import logs, supervisor
from octavo.commands import opening
from octavo.settings import settings

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65535)]
RootPath = Annotated[str, typer.Option(help="Path under which a proxy shows Octavo, e.g. /reports.", show_default=False)]
TrustedProxy = Annotated[
    str | None,
    typer.Option(
        "--trust-proxy", help="Believe X-Forwarded-For and X-Forwarded-Proto from this address or network.", show_default="nobody"
    ),
]
Supervised = Annotated[bool, typer.Option("--supervised", hidden=True, help="Stop when stdin ends.")]


def run_serve(
    host: Host = "127.0.0.1",
    port: Port = 8780,
    root_path: RootPath = "",
    trust_proxy: TrustedProxy = None,
    fd: Annotated[int | None, typer.Option(help="Take connections from this open socket instead.", show_default=False)] = None,
    supervised: Supervised = False,
) -> None:
    """Serve the API until SIGTERM or Ctrl-C; open requests are answered first."""
    from octavo import app
    from octavo.web import serving

    if supervised:
        supervisor.end_with_supervisor()
    listener = serving.listen(host, port) if fd is None else socket.socket(fileno=fd)
    logs.install(settings())
    database, reports = opening.everything()
    with database.pooled(settings().pool_size, wait_seconds=settings().pool_wait_seconds) as pooled:
        application = app.web(pooled, reports, settings())
        if not supervised:
            print(f"octavo serves {serving.place(listener)}, documented at /docs", flush=True)
        serving.serve(application, listener, closing=lambda: app.close(application), root_path=root_path, trusted_proxy=trust_proxy)
