"""``artextract map``: where each work lies on the page's map."""

import json
from pathlib import Path

import click

from artextract.cli.options import store_option
from artextract.packages import check_packages
from artextract.store.location import Location

__all__ = ["map_"]

_NEEDED = {"umap": "umap-learn", "sklearn": "scikit-learn"}


@click.command(name="map")
@store_option
@click.option(
    "--by", "aspect", default="visual", show_default=True, metavar="ASPECT",
    help="By which aspect works lie close together.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 65535), default=0, show_default=True,
              help="Of all that is drawn at random.")  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.json",
    help="Also write the places as JSON.",
)  # fmt: skip
def map_(store: Location, aspect: str, seed: int, out: Path | None) -> None:
    """Lay out a collection as a map, for `artextract serve` to show.

    Works that look alike come to lie side by side (UMAP), and dense places are found as clusters.
    It is kept in the cache, and belongs to the collection as it is now: run it again after an
    ingest.

    Example: artextract map --store my-store
    """
    check_packages("a map", _NEEDED, extra="map")
    from artextract.files import atomic_write, check_target
    from artextract.store import open_store
    from search.engine import check_aspects
    from search.map import make_map
    from search.web.map_file import save_map

    if out is not None:
        check_target(out, force=True)
    with open_store(store) as opened:
        check_aspects(opened, [aspect])
        click.echo("Laying out ...", err=True)
        values = make_map(opened, aspect=aspect, seed=seed)
        path = save_map(opened, values)
    if out is not None:
        atomic_write(out, json.dumps(values, ensure_ascii=False))
        click.echo(f"Places: {out}", err=True)
    clusters = len(values["colours"]["cluster"]["names"])
    click.echo(f"Map of {len(values['ids'])} works in {clusters} clusters: {path}", err=True)
