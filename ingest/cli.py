"""``artextract ingest``: bring works into a collection."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from artextract.aspects import ASPECTS
from artextract.cli.model_name import ModelName
from artextract.cli.options import device_option, layout_options, store_option, take_layout
from artextract.models.registry import DEFAULT_MODEL

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
    computed = [name for name in ASPECTS if name != "visual"]
    classified = [name for name in computed if "classifier" in ASPECTS[name].needs]
    options = [
        store_option,
        click.option(
            "--model",
            type=ModelName(),
            default=DEFAULT_MODEL,
            show_default=True,
            metavar="NAME|FILE",
            help="Embedder: a packaged model's name, or an .onnx file.",
        ),
        click.option(
            "--classifier",
            type=ModelName(),
            default="auto",
            show_default=True,
            metavar="NAME|FILE|none",
            help="What predicts style, genre and artist: a packaged model's name, or a file of "
            "`artextract export classifier`; auto takes --model where it tells classes.",
        ),
        click.option(
            "--aspects",
            default="all",
            show_default=True,
            metavar="A,B",
            help=f"Aspects to compute beside visual: {', '.join(computed)} "
            f"({' and '.join(classified)} need a classifier), or all.",
        ),
        device_option,
        click.option(
            "--batch-size",
            type=click.IntRange(1, 4096),
            help="Images in one run of the model.  [default: 8; on a GPU 64]",
        ),
        click.option("--limit", type=click.IntRange(1), help="Take only the first so many works."),
        click.option("--retry-failed", is_flag=True, help="Take only works that failed before."),
        click.option(
            "--prune", is_flag=True, help="Remove what the source no longer has (or selects)."
        ),
        click.option("--dry-run", is_flag=True, help="Read all, write nothing, say what would be."),
    ]
    command = layout_options(command)
    for option in reversed(options):
        command = option(command)
    return command


@ingest.command()
@click.argument("directory", type=click.Path(path_type=Path))
@_common_options
def folder(directory: Path, **settings: Any) -> None:
    """Ingest all images in DIRECTORY and below (JPEG, PNG, WebP, TIFF).

    An image's path in the folder is its id.

    Example: artextract ingest folder ~/paintings --store my-store
    """
    from ingest.run import Settings, run
    from ingest.sources.folder import FolderSource

    run(FolderSource(directory), Settings(layout=take_layout(settings), **settings))


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
    **settings: Any,
) -> None:
    """Ingest the works of a catalog FILE (CSV, JSONL or Parquet; one row, one work).

    Columns are named like the fields: id, title, artist, display_date, year (or year_begin and
    year_end), style, genre, medium and so on. Only an image is required: a column image, file or
    image_url. Columns of other names are kept too.

    Example: artextract ingest catalog works.csv --images scans --map title=Titel
    """
    from artextract.catalog.reading import parse_mapping
    from ingest.run import Settings, run
    from ingest.sources.catalog import CatalogSource

    source = CatalogSource(
        file, images or file.parent, parse_mapping(pairs), allow_private=allow_private_addresses
    )
    run(source, Settings(layout=take_layout(settings), **settings))


@ingest.command()
@click.option(
    "--tables",
    metavar="DIR|URL",
    help="The NGA's open-data tables.  [default: those that the NGA publishes on GitHub]",
)
@click.option(
    "--iiif",
    metavar="URL",
    help="Take the images from another IIIF server, as URL/UUID.  [default: that of the tables]",
)
@click.option(
    "--classification",
    "classifications",
    multiple=True,
    default=["Painting"],
    show_default=True,
    metavar="NAME",
    help="Only objects of this classification; any of; `all` for all of them.",
)
@click.option(
    "--department",
    "departments",
    multiple=True,
    metavar="NAME",
    help="Only objects of this department (its abbreviation, as CIS-R); any of.",
)
@click.option(
    "--open-access-only/--all-rights",
    default=True,
    show_default=True,
    help="Only images that are open access, or those with restricted rights too.",
)
@click.option(
    "--all-images", is_flag=True, help="Also alternate views, not only the primary image."
)
@click.option(
    "--size",
    type=click.IntRange(64, 8192),
    default=640,
    show_default=True,
    help="Longest side of the images that are fetched, in pixels.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 32),
    default=8,
    show_default=True,
    help="Most connections to the image server at once.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=30.0,
    show_default=True,
    help="Seconds to wait for an image before it is asked for again.",
)
@click.option("--contact", metavar="TEXT", help="Mail or web address to tell the image server.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where tables and images are kept.  [default: $ARTEXTRACT_CACHE, else the user's cache]",
)
@_common_options
def nga(
    tables: str | None,
    iiif: str | None,
    classifications: tuple[str, ...],
    departments: tuple[str, ...],
    open_access_only: bool,
    all_images: bool,
    size: int,
    connections: int,
    timeout: float,
    contact: str | None,
    cache: Path | None,
    limit: int | None,
    **settings: Any,
) -> None:
    """Ingest the National Gallery of Art: its open-data tables, and images by IIIF.

    Tables and images are fetched once and kept in a cache. The server is asked politely: few
    connections, its robots.txt, and a wait where it asks for one.

    Example: artextract ingest nga --classification Painting --limit 500 --store nga
    """
    from artextract.images.cache import ImageCache, default_cache_folder
    from artextract.net.fetch import is_url
    from ingest.run import Settings, run
    from ingest.sources.iiif import ImageServer
    from ingest.sources.nga import NgaSource
    from ingest.sources.nga_download import find_tables
    from ingest.sources.nga_tables import Selection, Tables

    if iiif is not None and not is_url(iiif):
        raise click.UsageError(f"--iiif {iiif!r} is no http or https address")
    if limit is not None and settings["prune"]:
        raise click.UsageError("--prune needs the whole source; leave out --limit")
    folder = cache or default_cache_folder()
    selection = Selection(
        classifications=() if "all" in classifications else classifications,
        departments=departments,
        open_access_only=open_access_only,
        all_images=all_images,
        limit=limit,
    )
    with ImageServer(
        connections=connections,
        timeout_seconds=timeout,
        contact=contact,
        allow_private=iiif is not None,
        cache=ImageCache(folder),
    ) as server:
        source = NgaSource(
            Tables(find_tables(tables, folder)), selection, server, side=size, iiif=iiif
        )
        for line in source.describe():
            click.echo(line)
        run(
            source,
            Settings(layout=take_layout(settings), limit=None, **settings),
            readers=connections,
            on_stop=server.close,
        )
