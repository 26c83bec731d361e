"""``artextract serve``: the page and its API."""

import signal
import socket
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import click

from artextract.cli.options import (
    device_option,
    make_page_url_option,
    model_option,
    store_option,
)
from artextract.errors import InputError
from artextract.packages import check_packages
from artextract.store.location import Location

if TYPE_CHECKING:
    from artextract.models.session import Device

_NEEDED = {name: name for name in ("fastapi", "limits", "uvicorn")}


@click.command()
@store_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
    help="Where to listen; 127.0.0.1 is this machine alone, 0.0.0.0 all of its networks.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
    help="On which port; 0 takes a free one.",
)  # fmt: skip
@click.option(
    "--host-name", "host_names", multiple=True, metavar="NAME",
    help="A name by which browsers reach this server, beside those of this machine; repeatable.",
)  # fmt: skip
@make_page_url_option(
    "Public address of this server, such as https://museum.example/art: its name is one as of "
    "--host-name, and its path that of --root-path."
)
@click.option(
    "--root-path", show_default="path of --page-url, else /", metavar="PATH",
    help="Path below which a proxy shows this server, such as /art.",
)  # fmt: skip
@click.option(
    "--key", envvar="ARTEXTRACT_KEY", metavar="TEXT",
    help="The key that clients need to upload an image; better given by $ARTEXTRACT_KEY, since "
    "others can see a command line. Without one, uploads are taken on this machine only.",
)  # fmt: skip
@click.option(
    "--reads-per-minute", type=click.IntRange(1), default=6000, show_default=True,
    help="Maximum number of requests of one client.",
)  # fmt: skip
@click.option(
    "--uploads-per-minute", type=click.IntRange(1), default=30, show_default=True,
    help="Maximum number of uploads of one client.",
)  # fmt: skip
@click.option(
    "--max-upload", type=click.IntRange(1, 1024), default=20, show_default=True,
    help="Largest image that is taken, in MiB.",
)  # fmt: skip
@model_option
@device_option
def serve(
    store: Location,
    host: str,
    port: int,
    host_names: tuple[str, ...],
    page_url: str | None,
    root_path: str | None,
    key: str | None,
    reads_per_minute: int,
    uploads_per_minute: int,
    max_upload: int,
    model: str | None,
    device: "Device",
) -> None:
    """Show a collection as a page in the browser, with an API.

    The page searches by images that are dropped on it, by details of them, by artworks and by
    filters. Its API is described at /api/v1/openapi.json. One process owns the collection while it
    runs; Ctrl-C ends it. A Qdrant server is searched by gRPC if it answers there, else by REST.

    Example: artextract serve --store my-store --port 8000
    """
    check_packages("the page", _NEEDED, extra="web")
    from artextract.catalog.page_url import read_page_url
    from search.web.settings import Settings, is_loopback, read_root_path

    if key == "":
        raise click.UsageError("--key is empty; give a text that is hard to guess")
    path = "/" if root_path is None else root_path
    if page_url is not None:
        page = urlsplit(read_page_url(page_url))
        host_names = (*host_names, page.netloc.removesuffix(f":{page.port}"))
        if root_path is not None and read_root_path(root_path) != page.path:
            raise click.UsageError(
                f"--root-path {root_path} is not the path of --page-url {page_url}; leave it out"
            )
        path = page.path or "/"
    if host in ("0.0.0.0", "::") and not host_names:
        raise click.UsageError(
            f"--host {host} needs --page-url, the address by which browsers reach this server, "
            "such as https://art.example.org, or --host-name, its name there"
        )
    named = f"[{host}]" if ":" in host else host
    settings = Settings(
        key=key,
        open_uploads=is_loopback(host),
        hosts=(*Settings().hosts, named.lower(), *(name.lower() for name in host_names)),
        reads_a_minute=reads_per_minute,
        uploads_a_minute=uploads_per_minute,
        most_upload_bytes=max_upload << 20,
        root_path=read_root_path(path),
    )
    import uvicorn

    from artextract.collection import open
    from artextract.store import with_grpc
    from search.web.app import make_app
    from search.web.requests import make_server_config

    store = with_grpc(store)
    with _listen(host, port) as listening, open(store, model=model, device=device) as collection:
        config = make_server_config(make_app(collection, settings), settings)
        listening.listen(2048)  # early requests wait
        address = f"http://{named}:{listening.getsockname()[1]}{settings.root_path}"
        through = f", searched by {'gRPC' if store.grpc else 'REST'}" if store.is_server else ""
        click.echo(f"{len(collection):,} artworks at {address}{through} (Ctrl-C ends it)", err=True)
        before = signal.signal(signal.SIGTERM, _end)
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # the server has shut down in order, and then reports the signal
        finally:
            signal.signal(signal.SIGTERM, before)
    click.echo("Stopped.", err=True)


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound, so that a port in use is reported before anything is loaded.

    Raises:
        InputError: it can't be bound.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        # With its protocol named, asyncio sets TCP_NODELAY; else each answer takes 40 ms more.
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"`host` {host} is no address ({error.strerror or error})") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
    except OSError as error:
        listening.close()
        raise InputError(
            f"can't listen at {host}:{port} ({error.strerror or error}); choose another `port`, "
            "or end what listens there"
        ) from error
    return listening


def _end(number: int, frame: object) -> NoReturn:
    """End the process as Ctrl-C does, so that the collection is closed."""
    raise KeyboardInterrupt
