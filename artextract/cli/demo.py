"""``artextract demo``: the main job from end to end, on a small gallery."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from benchmarks.atelier import Work

__all__ = ["demo"]


_NGA_WORKS = 240
_REACH_SECONDS = 6.0


@click.command()
@click.option(
    "--source",
    type=click.Choice(["auto", "nga", "atelier"]),
    default="auto",
    show_default=True,
    help="Which gallery: paintings of the National Gallery of Art, or the atelier, painted by code "
    "with no need of a network; auto takes the first where it can be reached.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    metavar="DIR",
    help="Where pictures, collection and results go.",
)
@click.option("--tables", metavar="DIR|URL", help="With nga: as of `artextract ingest nga`.")
@click.option("--iiif", metavar="URL", help="With nga: as of `artextract ingest nga`.")
def demo(source: str, out: Path, tables: str | None, iiif: str | None) -> None:
    """Ingest a small gallery and search it.

    A second run finds all pictures there and embedded, and takes seconds.

    Example: artextract demo --source atelier --out demo
    """
    if (tables or iiif) and source != "nga":
        raise click.UsageError("--tables and --iiif need --source nga")
    if source == "auto":
        source = "nga" if _nga_answers() else "atelier"
    store = out / ("nga-store" if source == "nga" else "store")
    if source == "nga":
        _ingest_nga(store, tables, iiif)
    else:
        _ingest_atelier(store, out / "gallery")
    _search(store, out)


def _nga_answers() -> bool:
    """Return whether the NGA's tables can be fetched from here; say so where they can't."""
    from artextract.errors import FetchError
    from artextract.net.fetch import Fetcher
    from ingest.sources.nga_download import PUBLISHED_TABLES

    try:
        with (
            Fetcher(allow_private=False, timeout_seconds=_REACH_SECONDS) as fetcher,
            fetcher.open(f"{PUBLISHED_TABLES}/objects.csv"),
        ):
            return True
    except FetchError as error:
        click.echo(f"The National Gallery of Art can't be reached ({error}).", err=True)
        return False


def _ingest_nga(store: Path, tables: str | None, iiif: str | None) -> None:
    from artextract.images.cache import ImageCache, default_cache_folder
    from artextract.models.registry import DEFAULT_MODEL
    from artextract.store.location import Location
    from ingest.run import Settings, run
    from ingest.sources.iiif import ImageServer
    from ingest.sources.nga import NgaSource
    from ingest.sources.nga_download import find_tables
    from ingest.sources.nga_tables import Selection, Tables

    click.echo(f"Gallery: {_NGA_WORKS} paintings of the National Gallery of Art, open access.")
    cache = default_cache_folder()
    with ImageServer(allow_private=iiif is not None, cache=ImageCache(cache)) as server:
        selection = Selection(limit=_NGA_WORKS)
        source = NgaSource(
            Tables(find_tables(tables, cache)), selection, server, side=640, iiif=iiif
        )
        run(
            source,
            Settings(Location(str(store)), DEFAULT_MODEL, "all", "cpu", batch_size=8),
            readers=8,
            on_stop=server.close,
        )


def _ingest_atelier(store: Path, folder: Path) -> None:
    from artextract import atelier
    from artextract.models.registry import DEFAULT_MODEL
    from artextract.store.location import Location
    from ingest.run import Settings, run
    from ingest.sources.catalog import CatalogSource

    works = atelier.make_works()
    click.echo(f"Gallery: the atelier, {len(works)} pictures painted by code (no network needed).")
    catalog = _paint(folder, works)
    settings = Settings(Location(str(store)), DEFAULT_MODEL, "all", "cpu", batch_size=8)
    run(CatalogSource(catalog, catalog.parent), settings)


def _search(store: Path, out: Path) -> None:
    """Search for what is like one of the works, and write the page and the sheet."""
    from artextract.store import open_store
    from search.criteria import Criteria
    from search.engine import Question, search
    from search.query import QueryReader
    from search.render.contact_sheet import save_sheet
    from search.render.gallery import save_gallery

    with open_store(str(store)) as opened:
        records = sorted(
            opened.scroll(keys=("id", "artist", "genre", "year_begin")),
            key=lambda record: str(record.payload["id"]),
        )
        named = [r.payload for r in records if r.payload.keys() >= {"artist", "year_begin"}]
        first = next((work for work in named if work.get("genre") == "seascape"), named[0])
        years = f"{first['year_begin'] - 60}:{first['year_begin'] + 60}"
        query = QueryReader(opened).read(first["id"])
        question = Question(
            like=[query], criteria=Criteria(years=years), limit=24, other_artists=True
        )
        save_gallery(out / "alike.html", opened, question, search(opened, question))
        save_sheet(out / "alike.png", opened, query, search(opened, replace(question, limit=5)))
    _print_next(out, str(store), first["id"], years)


def _paint(folder: Path, works: "list[Work]") -> Path:
    """Paint what is not painted yet, with a progress bar on a terminal; return the catalog."""
    import sys

    from rich.console import Console
    from rich.progress import Progress

    from artextract import atelier
    from artextract.errors import InputError

    shown = Console(stderr=True)
    with Progress(console=shown, disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("Painting", total=len(works))
        try:
            return atelier.save_gallery(
                folder, works, on_painted=lambda work: progress.update(task, advance=1)
            )
        except OSError as error:
            raise InputError(
                f"the gallery can't be painted into {folder} ({error.strerror}); name another "
                "folder with --out, or make room"
            ) from error


def _program() -> str:
    """Return how this program is called from here: by name where it is on the PATH."""
    import os
    import shutil
    import sys

    called = Path(sys.argv[0])
    return "artextract" if shutil.which("artextract") else os.path.relpath(called)


def _print_next(out: Path, store: str, first: str, years: str) -> None:
    program = _program()
    click.echo(
        f"\nThe search was: works that look like {first}, by other artists, years {years}.\n"
        f"  page          {out / 'alike.html'}\n"
        f"  contact sheet {out / 'alike.png'}\n"
        "\nNext:\n"
        f"  {program} search {first} --store {store} --other-artists --years {years}\n"
        f"  {program} search --store {store} --years 1600:1900 --medium oil\n"
        f"  {program} info --store {store}\n"
        f"  {program} ingest folder YOUR_PICTURES --store my-store\n"
        f"  {program} search YOUR_PICTURE.jpg --store my-store --gallery alike.html"
    )
