"""Command-line options that several commands share."""

from collections.abc import Callable
from typing import TypeVar

import click

__all__ = ["device_option", "store_option"]

Command = TypeVar("Command", bound=Callable[..., object])


def store_option(command: Command) -> Command:
    """Add ``--store``: $ARTEXTRACT_STORE, else ./artextract-store."""
    return click.option(
        "--store",
        envvar="ARTEXTRACT_STORE",
        default="artextract-store",
        show_default="$ARTEXTRACT_STORE, else ./artextract-store",
        metavar="DIR",
        help="Folder of the collection.",
    )(command)


def device_option(command: Command) -> Command:
    """Add ``--device``."""
    return click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda"]),
        default="auto",
        show_default=True,
        help="Where the model runs; auto takes CUDA where ONNX Runtime offers it.",
    )(command)
