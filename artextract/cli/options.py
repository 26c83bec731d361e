"""Command-line options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from artextract.store.location import Location

__all__ = [
    "device_option",
    "layout_options",
    "query_device_option",
    "store_option",
    "take_layout",
    "text_or_json_option",
]

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
            help="Of the Qdrant server; better given by $QDRANT_API_KEY, since others can see a "
            "command line.",
        ),
        click.option(
            "--grpc",
            is_flag=True,
            envvar="ARTEXTRACT_GRPC",
            is_eager=True,
            expose_value=False,
            callback=_keep,
            help="Ask the server by gRPC, on port 6334, instead of REST.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _keep(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep a value for ``--store``, which is read after it."""
    ctx.meta[f"artextract.{parameter.name}"] = value


def _locate(ctx: click.Context, parameter: click.Parameter, value: str) -> Location:
    """Return where the store is."""
    return Location(
        value,
        api_key=ctx.meta.get("artextract.api_key") or None,
        grpc=bool(ctx.meta.get("artextract.grpc")),
    )


_LAYOUT = {
    "--quantization": {
        "type": click.Choice(["none", "int8", "binary"]),
        "help": "Also keep each vector in 8 bits or 1 bit a number: less memory, a little less "
        "recall. This and the following are for a new collection.",
    },
    "--hnsw-m": {"type": click.IntRange(4, 512), "help": "Links of a point in the graph."},
    "--hnsw-ef-construct": {
        "type": click.IntRange(4, 10_000),
        "help": "Candidates looked at for a point's links.",
    },
    "--on-disk/--in-memory": {
        "default": None,
        "help": "Whether full vectors are left to the disk and the system's cache.",
    },
    "--shards": {"type": click.IntRange(1), "help": "Parts of the collection in a cluster."},
    "--replicas": {"type": click.IntRange(1), "help": "Copies of each part in a cluster."},
}
"""Options that stand for the fields of :class:`~artextract.store.manifest.Layout`."""


def layout_options(command: Command) -> Command:
    """Add the options for how a new collection is laid out; :func:`take_layout` reads them."""
    for name, settings in reversed(_LAYOUT.items()):
        command = click.option(name, **settings)(command)  # type: ignore[arg-type]
    return command


def take_layout(given: dict[str, Any]) -> dict[str, Any]:
    """Take the options of :func:`layout_options` out of ``given``; return those that were set."""
    names = [name.partition("/")[0].strip("-").replace("-", "_") for name in _LAYOUT]
    taken = {name: given.pop(name) for name in names}
    return {name: value for name, value in taken.items() if value is not None}


def device_option(command: Command) -> Command:
    """Add ``--device`` to a command that encodes many images."""
    return _device_option(
        "auto", "Where the model runs; auto takes CUDA where ONNX Runtime offers it."
    )(command)


def query_device_option(command: Command) -> Command:
    """Add ``--device`` to a command that encodes one query image or two."""
    return _device_option(
        "cpu", "Where the model runs. Starting CUDA takes longer than encoding one image on a CPU."
    )(command)


def _device_option(default: str, help_: str) -> Callable[[Command], Command]:
    return click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda"]),
        default=default,
        show_default=True,
        help=help_,
    )


def text_or_json_option(command: Command) -> Command:
    """Add ``--format``, as the parameter ``format_``: text for people or JSON."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to print it.",
    )(command)
