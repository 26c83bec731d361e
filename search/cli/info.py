"""``artextract collection info``: what a collection holds."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from artextract.cli.messages import with_options
from artextract.cli.options import store_option, text_or_json_option
from artextract.store.location import Location
from artextract.store.manifest import FORMAT
from artextract.tables import format_table

if TYPE_CHECKING:
    from artextract.store import Store
    from ingest.journal import Journal
    from search.facets import Facets

_BAR = 40


@click.command()
@store_option
@click.option(
    "--top",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Number of the commonest names to show.",
)
@text_or_json_option
def info(store: Location, top: int, format_: str) -> None:
    """Say what a collection holds.

    The number of artworks and images, the model and its vectors, the size on disk, the commonest
    names with their numbers of artworks, a histogram of the years, and what `artextract ingest`
    left unknown or aside.

    Example: artextract collection info --store my-store --top 20
    """
    from artextract.collection import open
    from search.facets import count_facets

    with open(store) as collection:
        facets = count_facets(collection.store, top + 1)
        if format_ == "json":
            described = _describe(store, collection.store, facets, collection.journal, top)
            click.echo(json.dumps(described, ensure_ascii=False, indent=2))
        else:
            _print(store, collection.store, facets, collection.journal, top)


def _describe(
    store: Location, opened: "Store", facets: "Facets", journal: "Journal", top: int
) -> dict[str, object]:
    manifest = opened.manifest
    return {
        "store": str(store),
        "disk_bytes": opened.disk_bytes(),
        "works": opened.count_works(),
        "images": opened.count(),
        "model": {"name": manifest.model.name, "sha256": manifest.model.sha256},
        "classifier": manifest.classifier
        and {"name": manifest.classifier.name, "sha256": manifest.classifier.sha256},
        "vectors": manifest.vectors,
        "format": manifest.format,
        "created_by": manifest.created_by,
        "engine": dict(opened.describe()),
        "facets": {field: dict(names[:top]) for field, names in facets.names.items()},
        "years": [{"begin": b.begin, "end": b.end, "works": b.works} for b in facets.years],
        "undated": facets.undated,
        "failed": len(journal),
        "notes": {
            source: [asdict(note) for note in notes] for source, notes in journal.notes.items()
        },
    }


def _print(
    store: Location, opened: "Store", facets: "Facets", journal: "Journal", top: int
) -> None:
    manifest = opened.manifest
    artworks, images = opened.count_works(), opened.count()
    disk = opened.disk_bytes()
    lines = [
        ("store", str(store) if disk is None else f"{store} ({disk >> 20} MiB on disk)"),
        *opened.describe(),
        ("artworks", f"{artworks}" if images == artworks else f"{artworks}, with {images} images"),
        ("model", str(manifest.model)),
    ]
    if manifest.classifier is not None:
        lines.append(("classifier", str(manifest.classifier)))
    for name, dimension in manifest.vectors.items():
        lines.append(("vectors", f"{name}: {dimension} dimensions, cosine"))
    for field, names in facets.names.items():
        shown = [f"{name} ({count})" for name, count in names[:top]]
        more = ["..."] if len(names) > top else []
        lines.append((field, ", ".join(shown + more)))
    longest = max((span.works for span in facets.years), default=0)
    for span in facets.years:
        bar = "█" * -(-span.works * _BAR // longest)
        years = str(span.begin) if span.begin == span.end else f"{span.begin} to {span.end}"
        lines.append(
            ("years" if span is facets.years[0] else "", f"{years:<14} {span.works:>6} {bar}")
        )
    if facets.years and facets.undated:
        lines.append(("", f"{'undated':<14} {facets.undated:>6}"))
    if journal:
        lines.append(("failed", f"{len(journal)}, with the reasons in {journal.path}"))
    for source, notes in journal.notes.items():
        lines.append(("unknown or aside", f"from {source}:"))
        lines += [("", with_options(str(note))) for note in notes]
    lines.append(("made by", manifest.created_by))
    if manifest.format != FORMAT:
        upgrade = f"{manifest.format}; `artextract collection upgrade` brings it to {FORMAT}"
        lines.append(("format", upgrade))
    click.echo(format_table(lines))
