"""``artextract demo``: ingest a small gallery, search it, and write a page to look at."""

import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artextract.errors import FetchError, InputError, UnavailableError
from artextract.files import explain_os_errors

if TYPE_CHECKING:
    from ingest.sources.item import Source

# Made by benchmarks/nga_demo.py and benchmarks/atelier/make_archive.py.
_DATA = resources.files("artextract") / "demo"
_MOST_PAINTINGS = 240
_REACH_SECONDS = 6.0


@click.command()
@click.option(
    "--source",
    type=click.Choice(["auto", "nga", "atelier"]),
    default="auto",
    show_default=True,
    help="Which gallery: nga, paintings of the National Gallery of Art, whose images are fetched; "
    "atelier, synthetic paintings that need no network; auto, the first that can be had.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    metavar="DIR",
    help="Where images, collection and results go.",
)
@click.option(
    "--tables",
    metavar="DIR|URL",
    help="With nga: take the paintings from these tables, as `artextract ingest nga` does.  "
    "[default: the packaged facts]",
)
@click.option(
    "--iiif", metavar="URL", help="With nga: image server, as for `artextract ingest nga`."
)
def demo(source: str, out: Path, tables: str | None, iiif: str | None) -> None:
    """Ingest a small gallery and search it.

    A second run finds all images ingested, and takes seconds.

    Example: artextract demo --source atelier --out demo
    """
    if (tables or iiif) and source == "atelier":
        raise click.UsageError("--tables and --iiif need --source nga")
    store = out / "nga-store"
    if source != "atelier":
        try:
            _ingest_nga(store, tables, iiif)
        except (FetchError, UnavailableError, InputError) as error:
            if source == "nga":
                raise
            click.echo(f"The National Gallery of Art can't be shown: {error}.", err=True)
            source = "atelier"
    if source == "atelier":
        store = out / "store"
        _ingest_atelier(store, out / "gallery")
    _search(store, out)


def _ingest_nga(store: Path, tables: str | None, iiif: str | None) -> None:
    from artextract.images.cache import ImageCache, default_cache_folder
    from ingest.sources.iiif import ImageServer
    from ingest.sources.nga import NgaSource
    from ingest.sources.nga_download import find_tables
    from ingest.sources.nga_tables import Selection, Tables

    folder = default_cache_folder()
    cache, private = ImageCache(folder), iiif is not None
    with (
        resources.as_file(_DATA / "nga") as packaged,
        ImageServer(cache=cache, allow_private=private) as server,
        ImageServer(
            cache=cache, allow_private=private, attempts=1, timeout_seconds=_REACH_SECONDS
        ) as impatient,
    ):
        facts = Tables(find_tables(tables, folder) if tables else packaged)

        def read_from(server: ImageServer) -> NgaSource:
            return NgaSource(facts, Selection(limit=_MOST_PAINTINGS), server, side=640, iiif=iiif)

        _check_reachable(read_from(impatient))
        source = read_from(server)
        click.echo(f"Gallery: {source.count()} paintings of the National Gallery of Art.")
        _ingest(source, store, readers=8, on_stop=server.close)


def _check_reachable(source: "Source") -> None:
    """Read the first image of ``source``, which stays in the cache.

    Raises:
        FetchError: there is no answer.
    """
    from ingest.sources.item import Item

    first = next(iter(source))
    assert isinstance(first, Item)
    try:
        first.read()
    except FetchError as error:
        if error.status is None or error.transient:
            raise


def _ingest_atelier(store: Path, folder: Path) -> None:
    from ingest.sources.catalog import CatalogSource

    problem = f"the gallery can't be written to {folder}"
    with (
        explain_os_errors(problem, "name another folder with --out, or make room"),
        resources.as_file(_DATA / "atelier.zip") as path,
        zipfile.ZipFile(path) as archive,
    ):
        archive.extractall(folder)
    source = CatalogSource(folder / "catalog.csv", folder)
    click.echo(f"Gallery: the atelier, {source.count()} synthetic paintings (no network needed).")
    _ingest(source, store)


def _ingest(
    source: "Source",
    store: Path,
    *,
    readers: int = 0,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    from artextract.models.registry import DEFAULT_MODEL
    from artextract.store.location import Location
    from ingest.cli import run_and_print
    from ingest.run import IngestConfig

    config = IngestConfig(Location(str(store)), DEFAULT_MODEL, "all", "cpu", batch_size=8)
    run_and_print(source, config, readers=readers, on_stop=on_stop)


def _search(store: Path, out: Path) -> None:
    """Search for artworks similar to one of them, and write the page and the contact sheet."""
    from artextract.collection import open

    with open(store) as collection:
        records = sorted(
            collection.store.scroll(keys=("id", "artist", "genre", "year_begin")),
            key=lambda record: str(record.payload["id"]),
        )
        named = [r.payload for r in records if r.payload.keys() >= {"artist", "year_begin"}]
        first = next((work for work in named if work.get("genre") == "seascape"), named[0])
        years = f"{first['year_begin'] - 60}:{first['year_begin'] + 60}"
        results = collection.search(first["id"], years=years, limit=24, other_artists=True)
        results.to_html(out / "similar.html")
        results[:5].to_sheet(out / "similar.png")
    program = "artextract" if shutil.which("artextract") else os.path.relpath(sys.argv[0])
    click.echo(
        f"\nThe search was: artworks similar to {first['id']}, by other artists, years {years}.\n"
        f"  page          {out / 'similar.html'}\n"
        f"  contact sheet {out / 'similar.png'}\n"
        "\nNext:\n"
        f"  {program} search {first['id']} --store {store} --other-artists --years {years}\n"
        f"  {program} ingest folder YOUR_IMAGES --store my-store"
    )
