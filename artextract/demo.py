"""``artextract demo``: the main job from end to end, on a gallery painted by code."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from artextract.atelier import Work

__all__ = ["demo"]


@click.command()
@click.option(
    "--source",
    type=click.Choice(["auto", "atelier"]),
    default="auto",
    show_default=True,
    help="Which gallery; auto takes the atelier, which is painted by code and needs no network.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    metavar="DIR",
    help="Where pictures, collection and results go.",
)
def demo(source: str, out: Path) -> None:
    """Paint a small gallery, ingest it and search it.

    A second run finds all pictures painted and embedded, and takes seconds.

    Example: artextract demo --out demo
    """
    from artextract import atelier
    from artextract.models import DEFAULT_MODEL
    from artextract.store import open_store
    from ingest.run import Settings, run
    from ingest.sources.catalog import CatalogSource
    from search.criteria import Criteria
    from search.gallery import save_gallery
    from search.query import QueryReader
    from search.searcher import Question, search
    from search.sheet import save_sheet

    works = atelier.make_works()
    click.echo(f"Gallery: the atelier, {len(works)} pictures painted by code (no network needed).")
    catalog = _paint(out / "gallery", works)
    store = str(out / "store")
    settings = Settings(store, DEFAULT_MODEL, "visual", "cpu", batch_size=8)
    run(CatalogSource(catalog, catalog.parent), settings)

    first = next(work for work in works if work.scene == "sea")
    criteria = Criteria(years=f"{first.year_begin - 60}:{first.year_begin + 60}")
    with open_store(store) as opened:
        query = QueryReader(opened).read(first.id)
        question = Question(like=[query], criteria=criteria, limit=24, other_artists=True)
        save_gallery(out / "alike.html", opened, question, search(opened, question))
        question = Question(like=[query], criteria=criteria, limit=5, other_artists=True)
        save_sheet(out / "alike.png", opened, query, search(opened, question))
    _print_next(out, store, first.id, criteria.years or "")


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
        f"  pictures      {out / 'gallery' / 'paintings'}\n"
        "\nNext:\n"
        f"  {program} search {first} --store {store} --other-artists --years {years}\n"
        f"  {program} search --store {store} --genre portrait --text veil\n"
        f"  {program} info --store {store}\n"
        f"  {program} ingest folder YOUR_PICTURES --store my-store\n"
        f"  {program} search YOUR_PICTURE.jpg --store my-store --gallery alike.html"
    )
