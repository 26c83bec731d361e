"""``artextract collection map``: the map of a collection for the page."""

import json
from pathlib import Path

import click

from artextract.cli.options import output_option, store_option
from artextract.packages import check_packages
from artextract.store.location import Location

_NEEDED = {"umap": "umap-learn", "sklearn": "scikit-learn"}


@click.command(name="map")
@store_option
@click.option(
    "--by", "aspect", default="visual", show_default=True, metavar="ASPECT",
    help="Aspect by which similar artworks lie close together.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 65535), default=0, show_default=True,
              help="Random seed.")  # fmt: skip
@output_option("--out", "FILE.json", "Also write the positions as JSON.")
def map_(store: Location, aspect: str, seed: int, out: Path | None) -> None:
    """Lay out a collection as a map, for `artextract serve` to show.

    Similar artworks lie side by side (UMAP), and dense regions are marked as clusters (HDBSCAN).
    The map is kept in the cache and shows the collection as it is now: run this again after an
    ingest.

    Example: artextract collection map --store my-store
    """
    check_packages("a map", _NEEDED, extra="map")
    from artextract.collection import open
    from artextract.files import atomic_write, check_target
    from search.engine import check_aspects
    from search.map import make_map
    from search.web.map_file import save_map

    if out is not None:
        check_target(out, force=True)
    with open(store) as collection:
        check_aspects(collection.store, [aspect])
        click.echo("Computing the map ...", err=True)
        values = make_map(collection.store, aspect=aspect, seed=seed)
        path = save_map(collection.store, values)
    if out is not None:
        atomic_write(out, json.dumps(values, ensure_ascii=False))
        click.echo(f"Positions: {out}", err=True)
    clusters = len(values["colours"]["cluster"]["names"])
    click.echo(f"Map of {len(values['ids'])} artworks in {clusters} clusters: {path}", err=True)
