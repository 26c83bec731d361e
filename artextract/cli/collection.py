"""``artextract collection``: what a collection holds, and copies of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artextract.cli.lazy import LazyGroup
from artextract.cli.options import layout_options, store_option, take_layout
from artextract.cli.progress import progress_bar
from artextract.store.location import Location

if TYPE_CHECKING:
    from artextract.catalog.writing.entries import Format


@click.group(
    cls=LazyGroup,
    sections={
        "Commands": {
            "info": ("search.cli.info:info", "Say what a collection holds."),
            "save": (
                "artextract.cli.collection:save",
                "Write a whole collection as a table or as an IIIF manifest.",
            ),
            "dump": (
                "artextract.cli.collection:dump",
                "Write a whole collection as files for `artextract collection restore`.",
            ),
            "restore": (
                "artextract.cli.collection:restore",
                "Read a dump into a collection, and compare what is there.",
            ),
            "upgrade": (
                "artextract.cli.collection:upgrade",
                "Bring a collection that an earlier release made to the present format.",
            ),
            "map": (
                "search.cli.map:map_",
                "Lay out a collection as a map, for `artextract serve` to show.",
            ),
        }
    },
)
def collection() -> None:
    """Describe, save, move and map a collection.

    Example: artextract collection info --store my-store
    """


@click.command(
    epilog="\b\nExamples:\n"
    "  artextract collection save --store my-store --out artworks.csv\n"
    "  artextract collection save --store my-store --out manifest.json "
    "--id https://museum.example/manifest.json"
)
@store_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="File to write; its folder must exist.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "jsonl", "parquet", "iiif"]),
    help="Format.  [default: by the suffix of the file: .csv, .jsonl, .ndjson, .parquet, or .json "
    "for iiif]",
)
@click.option(
    "--id",
    "manifest_id",
    metavar="URL",
    help="With iiif: where the manifest will be served.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def save(
    store: Location, out: Path, format_: "Format | None", manifest_id: str | None, force: bool
) -> None:
    """Write a whole collection as a table or as an IIIF manifest.

    A table (CSV, JSONL or Parquet) has one row an image, with the metadata of the artwork, and can
    be ingested again as a catalog. A manifest (IIIF Presentation 3) shows the artworks in viewers
    such as Mirador, which load the images from their URLs; images that are only local files are
    left out. Values are written as they are: import a CSV from an untrusted source into a
    spreadsheet as text, or "=1+1" becomes a formula.
    """
    from artextract.catalog.writing.save import find_format
    from artextract.collection import open
    from artextract.files import check_target

    format_ = find_format(out, format_)
    if manifest_id is not None:
        if format_ != "iiif":
            raise click.UsageError(f"--id names an IIIF manifest, and {out} is {format_}")
        from artextract.catalog.writing.iiif_manifest import check_manifest_id

        check_manifest_id(manifest_id)
    check_target(out, force=force)
    with open(store) as collection:
        model = collection.model
        saved = collection.export(out, format=format_, force=force, manifest_id=manifest_id)
    click.echo(
        f"{out}: {saved.works} artworks, {saved.images} images, model {model.name}, "
        f"sha256 {model.sha256}"
    )
    for reason, count in saved.left_out.items():
        click.echo(f"Left out of the manifest: {count} images, because {reason}.", err=True)


@click.command()
@store_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Folder for the files: a new one, or that of an interrupted run.",
)
@click.option("--force", is_flag=True, help="Start over if DIR holds another dump.")
def dump(store: Location, out: Path, force: bool) -> None:
    """Write a whole collection as files for `artextract collection restore`.

    The Parquet files hold vectors, metadata, thumbnails and the checksums of the models. After an
    interruption, the same command goes on.

    Example: artextract collection dump --store my-store --out dump
    """
    from artextract.store import open_store
    from artextract.store.dump import save_dump

    with open_store(store) as opened, progress_bar("Writing", opened.count()) as advance:
        saved = save_dump(opened, out, force=force, on_points=advance)
    click.echo(f"{out}: {saved.points} images in {len(saved.parts)} files, {saved.manifest.model}")


@click.command()
@click.argument("folder", metavar="DUMP", type=click.Path(path_type=Path))
@store_option
@layout_options
def restore(folder: Path, store: Location, **layout: Any) -> None:
    """Read a dump into a collection, and compare what is there.

    DUMP is the folder that `artextract collection dump` wrote. After an interruption, the same
    command goes on; points that exist already are left unchanged. Without options, a new collection
    takes the layout of the dump, except shards and replicas.

    Example: artextract collection restore dump --store http://localhost:6333/paintings
    """
    from artextract.store.dump import Dump, load_dump

    with progress_bar("Reading", Dump.load(folder).points) as advance:
        loaded = load_dump(folder, store, layout=take_layout(layout), on_points=advance)
    others = f", beside {loaded.others} others" if loaded.others else ""
    click.echo(
        f"{store}: wrote {loaded.written} images; all {loaded.points} of the dump are there and "
        f"equal{others}"
    )


@click.command()
@store_option
def upgrade(store: Location) -> None:
    """Bring a collection that an earlier release made to the present format.

    Payloads are rewritten in their place and indexes are added; vectors, graph and answers stay the
    same. After an interruption, the same command goes on. On a server, the key must be allowed to
    change the collection. Other releases may not be able to read the collection afterwards.

    Example: artextract collection upgrade --store my-store
    """
    from artextract.store import open_store
    from artextract.store.upgrade import upgrade

    with open_store(store) as opened, progress_bar("Upgrading", opened.count()) as advance:
        before = opened.manifest.format
        written = upgrade(opened, on_points=advance)
        click.echo(
            f"{store}: format {before} is now {opened.manifest.format}; rewrote {written} of "
            f"{opened.count()} images"
        )
