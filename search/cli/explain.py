"""``artextract explain``: why two artworks match."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from artextract.models.session import Device


@click.command()
@click.argument("one")
@click.argument("other")
@store_option
@output_option(
    "--page", "FILE.html",
    "Also write a page with faces, figures, light, colours and similar details drawn.",
)  # fmt: skip
@format_option("text", "json", help="How to print the reasons.")
@model_option
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

    if page is not None:
        check_target(page, force=True)
    with open(store, model=model, device=device) as collection:
        explanation = collection.explain(one, other)
        if format_ == "json":
            click.echo(json.dumps(explanation.to_rows(), ensure_ascii=False, indent=2))
        else:
            click.echo(repr(explanation))
        if page is not None:
            explanation.to_html(page)
            click.echo(f"Page: {page}", err=True)
