"""``artextract ingest``: add artworks to a collection."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from artextract.aspects import ASPECTS
from artextract.cli.messages import with_options
from artextract.cli.model_name import ModelName
from artextract.cli.options import (
    device_option,
    layout_options,
    make_page_url_option,
    store_option,
    take_layout,
)
from artextract.cli.progress import show_progress
from artextract.models.registry import DEFAULT_MODEL

if TYPE_CHECKING:
    from ingest.pipeline import Summary
    from ingest.run import IngestConfig
    from ingest.sources.item import Source

_FAILURES_SHOWN = 5

Command = TypeVar("Command", bound=Callable[..., object])


@click.group()
def ingest() -> None:
    """Add artworks to a collection.

    Each image is encoded and stored with its metadata. A second run encodes only what is new or has
    changed; after an interruption, the same command goes on.

    Example: artextract ingest folder ~/paintings --store my-store
    """


def _common_options(command: Command) -> Command:
    """Add the options of all sources."""
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
            help="Embedder: name of a packaged model, or an .onnx file.",
        ),
        click.option(
            "--classifier",
            type=ModelName(),
            default="auto",
            show_default=True,
            metavar="NAME|FILE|none",
            help="Model that predicts style, genre and artist: name of a packaged model, or a file "
            "of `artextract export classifier`; auto takes --model if it predicts classes.",
        ),
        click.option(
            "--aspects",
            default="all",
            show_default=True,
            metavar="A,B",
            help=f"Aspects to compute besides visual: {', '.join(computed)} "
            f"({' and '.join(classified)} need a classifier), or all.",
        ),
        device_option,
        click.option(
            "--batch-size",
            type=click.IntRange(1, 4096),
            help="Images in a batch.  [default: 8; on a GPU 64]",
        ),
        make_page_url_option(
            "Public address of `artextract serve`, such as https://art.museum.example. Qdrant's "
            "web console shows images at web addresses only: artworks without one get that of "
            "their thumbnail there. Another address, or none, changes what earlier runs stored."
        ),
        click.option("--limit", type=click.IntRange(1), help="Maximum number of artworks."),
        click.option("--retry-failed", is_flag=True, help="Take only artworks that failed before."),
        click.option(
            "--prune", is_flag=True, help="Delete images that the source no longer has or selects."
        ),
        click.option(
            "--dry-run", is_flag=True, help="Read everything, write nothing, say what would happen."
        ),
    ]
    command = layout_options(command)
    for option in reversed(options):
        command = option(command)
    return command


def _server_options(command: Command) -> Command:
    """Add the options of sources that fetch images from servers."""
    options = [
        click.option(
            "--connections",
            type=click.IntRange(1, 32),
            default=8,
            show_default=True,
            help="Maximum number of connections to image servers.",
        ),
        click.option(
            "--timeout",
            type=click.FloatRange(0.1, 3600),
            default=30.0,
            show_default=True,
            help="Seconds to wait for an image before the next attempt.",
        ),
        click.option(
            "--contact", metavar="TEXT", help="Mail or web address to send to image servers."
        ),
        click.option(
            "--cache",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Folder for what is fetched.  [default: $ARTEXTRACT_CACHE, else the user's cache]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@ingest.command()
@click.argument("directory", type=click.Path(path_type=Path))
@_common_options
def folder(directory: Path, **options: Any) -> None:
    """Ingest all images in DIRECTORY and below.

    They are JPEG, PNG, WebP, TIFF, JPEG 2000, AVIF, HEIC or JPEG XL files. The id of an artwork is
    the path of its image in the folder.

    Example: artextract ingest folder ~/paintings --store my-store
    """
    from ingest.sources.folder import FolderSource

    _run(FolderSource(directory), options)


@ingest.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the image paths in the catalog.  [default: the catalog's folder]",
)
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Read FIELD from a column of another name; repeatable.",
)
@click.option(
    "--allow-private-addresses",
    is_flag=True,
    help="Also fetch images from addresses that are not on the public internet.",
)
@click.option(
    "--ignore-robots", is_flag=True, help="Don't read robots.txt, on servers of your own."
)
@click.option(
    "--no-cache",
    is_flag=True,
    help="Fetch images again, to see whether they have changed, and keep none.",
)
@_server_options
@_common_options
def catalog(
    file: Path,
    images: Path | None,
    pairs: tuple[str, ...],
    allow_private_addresses: bool,
    ignore_robots: bool,
    no_cache: bool,
    connections: int,
    timeout: float,
    contact: str | None,
    cache: Path | None,
    **options: Any,
) -> None:
    """Ingest the artworks of a catalog FILE (CSV, JSONL or Parquet), one a row.

    Columns are named like the fields: id, title, artist, display_date, year (or year_begin and
    year_end), style, genre, medium and so on, in any letter case; the names of some museums' open
    data are known, too. Only an image is required: a column image, file or image_url. Columns of
    other names are stored as they are. The run ends with a list of what was left unknown or aside.

    Images at URLs are fetched once and cached. Few connections are used, robots.txt is followed,
    and when a server tells clients to wait, they wait.

    Example: artextract ingest catalog artworks.csv --images scans --map title=Titel
    """
    from artextract.catalog.reading import parse_mapping
    from artextract.images.cache import ImageCache, default_cache_folder
    from ingest.sources.catalog import CatalogSource
    from ingest.sources.iiif import ImageServer

    if file.parts and file.parts[0] in ("http:", "https:"):
        raise click.UsageError("FILE is an address; download the catalog, and give its file")
    with ImageServer(
        connections=connections,
        timeout_seconds=timeout,
        contact=contact,
        allow_private=allow_private_addresses,
        cache=None if no_cache else ImageCache(cache or default_cache_folder()),
        obey_robots=not ignore_robots,
    ) as server:
        source = CatalogSource(file, images or file.parent, parse_mapping(pairs), server=server)
        _run(source, options, readers=connections, on_stop=server.close)


@ingest.command()
@click.option(
    "--tables",
    metavar="DIR|URL",
    help="Open-data tables of the NGA.  [default: those that the NGA publishes on GitHub]",
)
@click.option(
    "--iiif",
    metavar="URL",
    help="Fetch the images from another IIIF server, as URL/UUID.  [default: that of the tables]",
)
@click.option(
    "--classification",
    multiple=True,
    default=["Painting"],
    show_default=True,
    metavar="NAME",
    help="Only objects of this classification; repeatable; `all` for all.",
)
@click.option(
    "--department",
    multiple=True,
    metavar="NAME",
    help="Only objects of this department (an abbreviation such as CIS-R); repeatable.",
)
@click.option(
    "--open-access-only/--all-rights",
    default=True,
    show_default=True,
    help="Only open-access images, or also those with restricted rights.",
)
@click.option(
    "--all-images", is_flag=True, help="Also alternate views, not only the primary image."
)
@click.option(
    "--size",
    type=click.IntRange(64, 8192),
    default=640,
    show_default=True,
    help="Longest side of the fetched images, in pixels.",
)
@_server_options
@_common_options
def nga(
    tables: str | None,
    iiif: str | None,
    classification: tuple[str, ...],
    size: int,
    connections: int,
    timeout: float,
    contact: str | None,
    cache: Path | None,
    limit: int | None,
    **options: Any,
) -> None:
    """Ingest the National Gallery of Art: its open-data tables, and images by IIIF.

    Tables and images are fetched once and cached. Few connections are used, robots.txt is
    followed, and when the server tells clients to wait, they wait.

    Example: artextract ingest nga --classification Painting --limit 500 --store nga
    """
    from artextract.images.cache import ImageCache, default_cache_folder
    from artextract.net.fetch import is_url
    from ingest.sources.iiif import ImageServer
    from ingest.sources.nga import NgaSource
    from ingest.sources.nga_download import find_tables
    from ingest.sources.nga_tables import Selection, Tables

    if iiif is not None and not is_url(iiif):
        raise click.UsageError(f"--iiif {iiif!r} is not an http or https address")
    if limit is not None and options["prune"]:
        raise click.UsageError("--prune needs the whole source; leave out --limit")
    folder = cache or default_cache_folder()
    selection = Selection(
        classification=() if "all" in classification else classification,
        department=options.pop("department"),
        all_rights=not options.pop("open_access_only"),
        all_images=options.pop("all_images"),
        limit=limit,
    )
    with show_progress("Fetching", None, size=True) as update:
        facts = Tables(
            find_tables(
                tables,
                folder,
                on_bytes=lambda name, done, total: update(
                    description=f"Fetching {name}.csv", completed=done, total=total
                ),
            )
        )
    with ImageServer(
        connections=connections,
        timeout_seconds=timeout,
        contact=contact,
        allow_private=iiif is not None,
        cache=ImageCache(folder),
    ) as server:
        source = NgaSource(facts, selection, server, side=size, iiif=iiif)
        for line in source.describe():
            click.echo(line)
        _run(source, {**options, "limit": None}, readers=connections, on_stop=server.close)


def _run(source: "Source", options: dict[str, Any], **more: Any) -> None:
    from ingest.run import IngestConfig

    config = IngestConfig(layout=take_layout(options), **options)
    if config.prune and (config.limit or config.retry_failed):
        raise click.UsageError(
            "--prune needs the whole source; leave out --limit and --retry-failed"
        )
    run_and_print(source, config, **more)


def run_and_print(source: "Source", config: "IngestConfig", **more: Any) -> None:
    """Call :func:`ingest.run.run` with a progress bar; print the summary and the failures."""
    from ingest.journal import Journal
    from ingest.pipeline import Summary
    from ingest.run import run

    total = len(Journal(config.journal)) if config.retry_failed else source.count()
    title = "Reading" if config.dry_run else "Ingesting"
    latest = Summary()
    ended: list[Summary] = []
    try:
        with show_progress(title, min(total, config.limit or total)) as update:

            def on_artwork(summary: Summary) -> None:
                nonlocal latest
                latest = summary
                failed = f", {len(summary.failures)} failed" if summary.failures else ""
                update(completed=summary.total, description=title + failed)

            run(
                source,
                config,
                on_artwork=on_artwork,
                on_optimize=lambda: update(description="Optimizing the collection"),
                on_end=ended.append,
                **more,
            )
    except KeyboardInterrupt:
        click.echo(
            f"Interrupted after {latest.embedded} new artworks; they are kept. Run the command "
            "again to continue.",
            err=True,
        )
        raise click.exceptions.Exit(130) from None
    finally:
        for summary in ended:
            _print(summary, config)
    if config.retry_failed and not total:
        click.echo(f"Nothing to retry: there is no failure in {config.journal}.", err=True)


def _print(summary: "Summary", config: "IngestConfig") -> None:
    click.echo(with_options(summary.text))
    for failure in summary.failures[:_FAILURES_SHOWN]:
        click.echo(f"Skipped: {failure.reason}", err=True)
    if len(summary.failures) > _FAILURES_SHOWN:
        click.echo(f"... and {len(summary.failures) - _FAILURES_SHOWN} more.", err=True)
    if summary.failures and not config.dry_run:
        click.echo(
            f"{len(summary.failures)} artworks were skipped; {config.journal} has the reasons. "
            "Correct them and run the same command with --retry-failed.",
            err=True,
        )
    if summary.pruned is not None:
        click.echo(f"Pruned {summary.pruned} images that the source no longer has.")
