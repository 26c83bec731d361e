"""Options of several commands."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from artextract.store.location import Location

Command = TypeVar("Command", bound=Callable[..., object])


def store_option(command: Command) -> Command:
    """Add ``--store``, a :class:`~artextract.store.location.Location`, and its credentials."""
    options = [
        click.option(
            "--store",
            envvar="ARTEXTRACT_STORE",
            default="artextract-store",
            show_default="$ARTEXTRACT_STORE, else ./artextract-store",
            metavar="DIR|URL",
            callback=_locate,
            help="Folder of the collection, or http://HOST:6333/COLLECTION of a Qdrant server.",
        ),
        click.option(
            "--api-key",
            envvar="QDRANT_API_KEY",
            metavar="KEY",
            is_eager=True,
            expose_value=False,
            callback=_keep,
            help="Key of the Qdrant server; better set $QDRANT_API_KEY, since other users can see "
            "command lines.",
        ),
        click.option(
            "--grpc",
            is_flag=True,
            envvar="ARTEXTRACT_GRPC",
            is_eager=True,
            expose_value=False,
            callback=_keep,
            help="Use gRPC instead of REST.",
        ),
        click.option(
            "--grpc-port",
            type=click.IntRange(1, 65535),
            envvar="ARTEXTRACT_GRPC_PORT",
            metavar="PORT",
            is_eager=True,
            expose_value=False,
            callback=_keep,
            help="Use gRPC on this port; without it, --grpc takes the port after that of REST.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _keep(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep a value for ``--store``, which is parsed later."""
    ctx.meta[f"artextract.{parameter.name}"] = value


def _locate(ctx: click.Context, parameter: click.Parameter, value: str) -> Location:
    """Return the location with its credentials."""
    location = Location(
        value,
        api_key=ctx.meta.get("artextract.api_key") or None,
        grpc=bool(ctx.meta.get("artextract.grpc")),
        grpc_port=ctx.meta.get("artextract.grpc_port"),
    )
    if location.grpc:
        # Errors are shown as messages; gRPC would print them in its own words, too.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    return location


_LAYOUT = {
    "--quantization": {
        "type": click.Choice(["none", "int8", "binary"]),
        "help": "Copies of vectors that are searched first: 8 bits (int8, the default) or 1 bit a "
        "dimension. This and the following apply to a new collection.",
    },
    "--hnsw-m": {"type": click.IntRange(4, 512), "help": "Links of a point in the HNSW graph."},
    "--hnsw-ef-construct": {
        "type": click.IntRange(4, 10_000),
        "help": "Candidates for the links of a point.",
    },
    "--on-disk/--in-memory": {
        "default": None,
        "help": "Whether full vectors stay on disk, cached by the system.",
    },
    "--shards": {"type": click.IntRange(1), "help": "Shards of the collection in a cluster."},
    "--replicas": {"type": click.IntRange(1), "help": "Replicas of each shard in a cluster."},
}
"""Options for the fields of :class:`~artextract.store.manifest.Layout`."""


def layout_options(command: Command) -> Command:
    """Add the options for the layout of a new collection; :func:`take_layout` reads them."""
    for name, attributes in reversed(_LAYOUT.items()):
        command = click.option(name, **attributes)(command)  # type: ignore[arg-type]
    return command


def take_layout(given: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of :func:`layout_options` from ``given``; return those that were set."""
    names = [name.partition("/")[0].strip("-").replace("-", "_") for name in _LAYOUT]
    taken = {name: given.pop(name) for name in names}
    return {name: value for name, value in taken.items() if value is not None}


def format_option(*choices: str, help: str) -> Callable[[Command], Command]:
    """Return what adds ``--format``, passed as ``format_``; the first choice is the default."""
    return click.option("--format", "format_", type=click.Choice(choices), default=choices[0],
                        show_default=True, help=help)  # fmt: skip


def output_option(name: str, metavar: str, help: str) -> Callable[[Command], Command]:
    """Return what adds an option for a file to write."""
    type_ = click.Path(path_type=Path, dir_okay=False)
    return click.option(name, type=type_, metavar=metavar, help=help)


def make_page_url_option(help: str) -> Callable[[Command], Command]:
    """Return what adds ``--page-url``."""
    return click.option("--page-url", envvar="ARTEXTRACT_PAGE_URL", metavar="URL",
                        help=f"{help}  [default: $ARTEXTRACT_PAGE_URL]")  # fmt: skip


def make_device_option(default: str, help: str) -> Callable[[Command], Command]:
    """Return what adds ``--device``."""
    return click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default=default,
                        show_default=True, help=help)  # fmt: skip


device_option = make_device_option(
    "auto", "Device of the models; auto takes CUDA if ONNX Runtime offers it."
)
"""For a command that encodes many images."""

query_device_option = make_device_option(
    "cpu", "Device of the models. Starting CUDA takes longer than encoding an image on a CPU."
)
"""For a command that encodes one query image or two."""

model_option = click.option(
    "--model", metavar="FILE", help="The collection's model file, if it was moved."
)
text_or_json_option = format_option("text", "json", help="How to print it.")
