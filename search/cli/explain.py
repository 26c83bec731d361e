"""``artextract explain``: why two works match."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artextract.cli.options import query_device_option, store_option
from artextract.store.location import Location

if TYPE_CHECKING:
    from artextract.models.session import Device

__all__ = ["explain"]

_SIDE = 720


@click.command()
@click.argument("one")
@click.argument("other")
@store_option
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Also write a page with heads, skeletons, light, colours and similar parts drawn.",
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
    """Say why two works match: a score and a sentence for each aspect.

    ONE and OTHER are each a picture's file, its URL, or a work of the collection.

    Example: artextract explain nga:1138 photo.jpg --store nga --page why.html
    """
    from artextract.encoding.loading import load_eyes
    from artextract.store import open_store
    from search.explain import explain as find_reasons
    from search.explain import find_parts
    from search.images import Pictures
    from search.query import QueryReader
    from search.render.explain_page import save_explanation

    with open_store(store) as opened:
        aspects = list(opened.manifest.vectors)
        reader = QueryReader(opened, aspects=aspects, model=model, device=device)
        queries = (reader.read(one), reader.read(other))
        reasons = find_reasons(*queries)
        if format_ == "json":
            rows = [
                {"aspect": each.aspect, "score": each.score, "sentence": each.sentence}
                for each in reasons
            ]
            click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        else:
            width = max(len(each.aspect) for each in reasons)
            for each in reasons:
                score = "    -" if each.score is None else f"{each.score:5.2f}"
                click.echo(f"{each.aspect:{width}}  {score}  {each.sentence}")
        if page is not None:
            shown = Pictures(opened)
            pictures = (shown.of_query(queries[0], _SIDE), shown.of_query(queries[1], _SIDE))
            eyes = load_eyes(opened.manifest, ["visual"], model=model, device=device)
            save_explanation(page, queries, pictures, reasons, find_parts(eyes, *pictures))
            click.echo(f"Page: {page}", err=True)
