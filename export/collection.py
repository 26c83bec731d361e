"""``artextract export collection``: write a collection as a table or an IIIF manifest."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from artextract.cli.options import store_option
from artextract.store.location import Location

if TYPE_CHECKING:
    from artextract.catalog.writing.entries import Format


@click.command(
    epilog="\b\nExamples:\n"
    "  artextract export collection --store my-store --out works.csv\n"
    "  artextract export collection --store my-store --out manifest.json "
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
def collection(
    store: Location, out: Path, format_: "Format | None", manifest_id: str | None, force: bool
) -> None:
    """Write a whole collection as a table or as an IIIF manifest.

    A table (CSV, JSONL or Parquet) has one row an image, with the metadata of the artwork, and can
    be ingested again as a catalog. A manifest (IIIF Presentation 3) shows the artworks in viewers
    such as Mirador, which load the images from their URLs; images that are only local files are
    left out. Values are written as they are: import a CSV from an untrusted source into a
    spreadsheet as text, or "=1+1" becomes a formula.
    """
    from artextract.catalog.writing.save import find_format, save_entries
    from artextract.errors import InputError
    from artextract.files import check_target
    from artextract.store import open_store
    from artextract.store.entries import StoredEntries

    format_ = find_format(out, format_)
    if manifest_id is not None:
        if format_ != "iiif":
            raise click.UsageError(f"--id names an IIIF manifest, and {out} is {format_}")
        from artextract.catalog.writing.iiif_manifest import check_manifest_id

        check_manifest_id(manifest_id)
    check_target(out, force=force)
    with open_store(store) as opened:
        if not opened.count():
            raise InputError(f"store {store} holds no artworks; add some with `artextract ingest`")
        model = opened.manifest.model
        saved = save_entries(
            out,
            StoredEntries(opened),
            model,
            format_=format_,
            label=store.name,
            manifest_id=manifest_id,
            force=force,
        )
    click.echo(
        f"{out}: {saved.works} works, {saved.images} images, model {model.name}, "
        f"sha256 {model.sha256}"
    )
    for reason, count in saved.left_out.items():
        click.echo(f"Left out of the manifest: {count} images, because {reason}.", err=True)
