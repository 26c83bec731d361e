"""``artextract export-store`` and ``import-store``: move a collection between folder and server."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from artextract.cli.options import layout_options, store_option, take_layout
from artextract.store.location import Location


@click.command("export-store")
@store_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Where the files go: a new folder, or one that an earlier run began.",
)
@click.option("--force", is_flag=True, help="Begin anew where DIR holds another dump.")
def export_store(store: Location, out: Path, force: bool) -> None:
    """Write a whole collection as files, to be taken in by `artextract import-store`.

    Vectors, metadata, thumbnails and the models' checksums, as Parquet. A run that was interrupted
    goes on with the same command.

    Example: artextract export-store --store my-store --out dump
    """
    from artextract.store import open_store
    from artextract.store.dump import save_dump

    with open_store(store) as opened, _progress("Writing", opened.count()) as on_points:
        dump = save_dump(opened, out, force=force, on_points=on_points)
    click.echo(f"{out}: {dump.points} images in {len(dump.parts)} files, {dump.manifest.model}")


@click.command("import-store")
@click.argument("dump", type=click.Path(path_type=Path))
@store_option
@layout_options
def import_store(dump: Path, store: Location, **settings: Any) -> None:
    """Bring what `artextract export-store` wrote into a collection, and compare what is there.

    A run that was interrupted goes on with the same command; points that are there already are left
    alone. Whether and how vectors are quantised is as it was unless it is asked for.

    Example: artextract import-store dump --store http://localhost:6333/paintings
    """
    from artextract.store.dump import Dump, load_dump

    with _progress("Reading", Dump.load(dump).points) as on_points:
        restored = load_dump(dump, store, layout=take_layout(settings), on_points=on_points)
    others = f", beside {restored.others} others" if restored.others else ""
    click.echo(
        f"{store}: wrote {restored.written} images; all {restored.points} of the dump are there "
        f"and equal{others}"
    )


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar, on a terminal only; yield what moves it on."""
    if not sys.stderr.isatty():
        yield lambda points: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total)
        yield lambda points: progress.advance(task, points)
