"""``artextract search``: find artworks in a collection."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artextract.cli.options import (
    format_option,
    model_option,
    output_option,
    query_device_option,
    store_option,
)
from artextract.files import check_target
from artextract.store.location import Location
from search.cli.parameters import request_options

if TYPE_CHECKING:
    from artextract.models.session import Device
    from search.results import SearchResults


@click.command()
@click.argument("query", required=False)
@store_option
@request_options
@format_option("table", "json", "jsonl", "csv", help="How to print the results.")
@output_option("--gallery", "FILE.html", "Also write a page with the images.")
@output_option("--sheet", "FILE.png", "Also write a contact sheet.")
@output_option(
    "--save", "FILE", "Also write the results with all that is known of them: .csv, .jsonl, "
    ".parquet, or .json for an IIIF manifest.",
)  # fmt: skip
@model_option
@query_device_option
@click.option("--allow-private-addresses", is_flag=True,
              help="Let a QUERY URL be on your own network.")  # fmt: skip
def search(
    query: str | None,
    store: Location,
    format_: str,
    gallery: Path | None,
    sheet: Path | None,
    save: Path | None,
    model: str | None,
    device: "Device",
    allow_private_addresses: bool,
    **fields: Any,
) -> None:
    """Find similar artworks, or those that filters describe.

    QUERY is an image file, its URL, or an artwork of the collection: its id, accession number or
    Wikidata id. Without one, the artworks that the filters describe are listed, the earliest first.

    Example: artextract search monet.jpg --artist "Claude Monet" --years 1870:1890 --gallery a.html
    """
    from artextract.collection import open
    from search.request import SearchRequest

    request = SearchRequest.of(query, **fields)
    if sheet is not None:
        from search.render.contact_sheet import check_sheet

        check_sheet(sheet, request.limit)
    if save is not None:
        from artextract.catalog.writing.save import find_format

        find_format(save)
    for target in filter(None, (gallery, sheet, save)):
        check_target(target, force=True)
    with open(
        store, model=model, device=device, allow_private_addresses=allow_private_addresses
    ) as collection:
        if request.verify:
            click.echo("Comparing local features ...", err=True)
        results = collection.search(request)
        _print(results, format_)
        if gallery is not None:
            results.to_html(gallery)
            click.echo(f"Gallery page: {gallery}", err=True)
        if sheet is not None:
            results.to_sheet(sheet)
            click.echo(f"Contact sheet: {sheet}", err=True)
        if save is not None:
            saved = results.save(save)
            click.echo(f"Saved: {save} ({saved.works} artworks, {saved.format})", err=True)
            for reason, count in saved.left_out.items():
                click.echo(f"Left out of the manifest: {count} images, because {reason}.", err=True)
        if unreadable := results.images.unreadable:
            click.echo(
                f"{len(unreadable)} images can no longer be read where they were ingested from, "
                f"nor from the cache (such as {min(unreadable)}); their thumbnails replace them. "
                "Ingest them from where they are now.",
                err=True,
            )


def _print(results: "SearchResults", format_: str) -> None:
    """Print the results to stdout, and to stderr how many of how many they are."""
    from search.render import table

    if format_ == "table" and len(results):
        table.write_table(results.answer, results.thumbnails())
    elif format_ != "table":
        write = {"json": table.to_json, "jsonl": table.to_jsonl, "csv": table.to_csv}[format_]
        click.echo(write(results.answer), nl=False)
    described = results.answer.request.filters.describe()
    if described and not results.matching:
        click.echo("No artwork matches the filters.", err=True)
        return
    match = " that match the filters" if described else ""
    click.echo(f"{len(results)} of {results.matching} artworks{match}.", err=True)
