"""Command-line options that several commands share."""

from collections.abc import Callable
from typing import TypeVar

import click

__all__ = ["device_option", "store_option", "text_or_json_option"]

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
