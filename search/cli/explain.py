"""``artextract explain``: why two artworks match."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artextract.cli.options import query_device_option, store_option
from artextract.store.location import Location

if TYPE_CHECKING:
    from artextract.models.session import Device


@click.command()
@click.argument("one")
@click.argument("other")
@store_option
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Also write a page with faces, figures, light, colours and similar details drawn.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print the reasons.",
)
@click.option("--model", metavar="FILE", help="The collection's model file, if it was moved.")
@query_device_option
def explain(
    one: str,
    other: str,
    store: Location,
    page: Path | None,
    format_: str,
    model: str | None,
    device: "Device",
) -> None:
    """Say why two artworks match: a score and a sentence for each aspect.

    ONE and OTHER are each an image file, its URL, or an artwork of the collection.

    Example: artextract explain nga:1138 photo.jpg --store nga --page why.html
    """
    from artextract.collection import open

    with open(store, model=model, device=device) as collection:
        explanation = collection.explain(one, other)
        if format_ == "json":
            click.echo(json.dumps(explanation.to_rows(), ensure_ascii=False, indent=2))
        else:
            click.echo(repr(explanation))
        if page is not None:
            explanation.to_html(page)
            click.echo(f"Page: {page}", err=True)
