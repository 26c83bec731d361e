"""``artextract ingest``: bring works into a collection."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from artextract.options import device_option, store_option

if TYPE_CHECKING:
    from artextract.inference import Device

__all__ = ["ingest"]

Command = TypeVar("Command", bound=Callable[..., object])


@click.group()
def ingest() -> None:
    """Bring works into a collection.

    Each image is embedded and kept with its metadata. A second run embeds only what is new or has
    changed; a run that was interrupted goes on where it stopped.

    Example: artextract ingest folder ~/paintings --store my-store
    """


def _common_options(command: Command) -> Command:
    """Add the options that all sources share."""
    options = [
        store_option,
        click.option(
            "--model",
            default="efficientnet-lite0",
            show_default=True,
            metavar="NAME|FILE",
            help="Embedder: a packaged model's name, or an .onnx file.",
        ),
        click.option(
            "--aspects",
            default="visual",
            show_default=True,
            metavar="A,B",
            help="Ways to be alike that are computed.",
        ),
        device_option,
        click.option(
            "--batch-size",
            type=click.IntRange(1, 4096),
            default=8,
            show_default=True,
            help="Images in one run of the model.",
        ),
        click.option("--limit", type=click.IntRange(1), help="Take only the first so many works."),
        click.option("--retry-failed", is_flag=True, help="Take only works that failed before."),
        click.option("--dry-run", is_flag=True, help="Read all, write nothing, say what would be."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@ingest.command()
@click.argument("directory", type=click.Path(path_type=Path))
@_common_options
def folder(
    directory: Path,
    store: str,
    model: str,
    aspects: str,
    device: "Device",
    batch_size: int,
    limit: int | None,
    retry_failed: bool,
    dry_run: bool,
) -> None:
    """Ingest all images in DIRECTORY and below (JPEG, PNG, WebP, TIFF).

    An image's path in the folder is its id.

    Example: artextract ingest folder ~/paintings --store my-store
    """
    from ingest.run import Settings, run
    from ingest.sources.folder import FolderSource

    settings = Settings(
        store, model, aspects, device, batch_size, limit, retry_failed=retry_failed, dry_run=dry_run
    )
    run(FolderSource(directory), settings)


@ingest.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder that the catalog's image paths start from.  [default: the catalog's folder]",
)
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Take FIELD from a column of another name; repeatable.",
)
@click.option(
    "--allow-private-addresses",
    is_flag=True,
    help="Also fetch image URLs that are not on the public internet.",
)
@_common_options
def catalog(
    file: Path,
    images: Path | None,
    pairs: tuple[str, ...],
    allow_private_addresses: bool,
    store: str,
    model: str,
    aspects: str,
    device: "Device",
    batch_size: int,
    limit: int | None,
    retry_failed: bool,
    dry_run: bool,
) -> None:
    """Ingest the works of a catalog FILE (CSV, JSONL or Parquet; one row, one work).

    Columns are named like the fields: id, title, artist, display_date, year (or year_begin and
    year_end), style, genre, medium and so on. Only an image is required: a column image, file or
    image_url. Columns of other names are kept too.

    Example: artextract ingest catalog works.csv --images scans --map title=Titel
    """
    from artextract.catalog import parse_mapping
    from ingest.run import Settings, run
    from ingest.sources.catalog import CatalogSource

    settings = Settings(
        store, model, aspects, device, batch_size, limit, retry_failed=retry_failed, dry_run=dry_run
    )
    source = CatalogSource(
        file, images or file.parent, parse_mapping(pairs), allow_private=allow_private_addresses
    )
    run(source, settings)
