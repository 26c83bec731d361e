"""Options of several commands."""

from collections.abc import Callable
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
            help="Use gRPC, on port 6334, instead of REST.",
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
    return Location(
        value,
        api_key=ctx.meta.get("artextract.api_key") or None,
        grpc=bool(ctx.meta.get("artextract.grpc")),
    )


_LAYOUT = {
    "--quantization": {
        "type": click.Choice(["none", "int8", "binary"]),
        "help": "Also store vectors with 8 bits or 1 bit a dimension: less memory, slightly less "
        "recall. This and the following apply to a new collection.",
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


def device_option(command: Command) -> Command:
    """Add ``--device`` to a command that encodes many images."""
    return _device_option(
        "auto", "Device of the models; auto takes CUDA if ONNX Runtime offers it."
    )(command)


def query_device_option(command: Command) -> Command:
    """Add ``--device`` to a command that encodes one query image or two."""
    return _device_option(
        "cpu", "Device of the models. Starting CUDA takes longer than encoding an image on a CPU."
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
    """Add ``--format``, as the parameter ``format_``: text or JSON."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to print it.",
    )(command)
