"""``artextract eval``: how well artworks are found."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from artextract.cli.options import device_option, format_option, output_option, store_option
from artextract.store.location import Location
from search.cli.parameters import by_option

if TYPE_CHECKING:
    from artextract.models.session import Device
    from artextract.store import Store
    from search.evaluation.result import Section

Command = TypeVar("Command", bound=Callable[..., object])

_seed = click.option("--seed", default=0, show_default=True, help="Random seed.")
_model = click.option("--model", metavar="FILE", help="The collection's model file, if it moved.")


def _sample(help_: str) -> Callable[[Command], Command]:
    return click.option(
        "--sample", type=click.IntRange(1), default=200, show_default=True, help=help_
    )


def _output(command: Command) -> Command:
    """Add the options of what is written."""
    page = output_option(
        "--page",
        "FILE.html",
        "Also write a page with thumbnails of the best and the worst queries.",
    )
    return page(format_option("table", "json", help="How to print the figures.")(command))


def _refuse_atelier(ctx: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise click.UsageError(
            "--atelier has gone, since synthetic paintings are no longer made by the command; "
            "ingest labelled artworks and name their labels with --labels"
        )


@click.group("eval")
def evaluate() -> None:
    """Measure how well artworks are found.

    All figures are means over queries with 95 % bootstrap intervals, against exact search.

    Example: artextract eval self --store nga --sample 200 --page self.html
    """


@evaluate.command("self")
@store_option
@by_option
@_sample("Number of queries.")
@_seed
@_model
@device_option
@_output
def itself(
    store: Location,
    by: tuple[str, ...],
    sample: int,
    seed: int,
    model: str | None,
    device: "Device",
    page: Path | None,
    format_: str,
) -> None:
    """Find artworks by changed images of themselves: cropped, turned, grey, framed, ...

    Example: artextract eval self --store nga --sample 200 --page self.html
    """
    from artextract.collection import open
    from search.engine import check_aspects
    from search.evaluation.self_retrieval import evaluate_itself
    from search.request import parse_weights

    weights = parse_weights(by)
    with open(store, model=model, device=device) as collection:
        check_aspects(collection.store, weights)
        encoder = collection.reader.load(list(weights))
        section = evaluate_itself(collection.store, encoder, weights, sample=sample, seed=seed)
        _write(collection.store, [section], page, format_)


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--images", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder that the paths in FILE start from.  [default: FILE's folder]",
)  # fmt: skip
@click.option(
    "--same-works", type=click.Path(path_type=Path), metavar="FILE",
    help="CSV of images in the collection that show these artworks: work, and file.",
)  # fmt: skip
@click.option("--verify", is_flag=True, help="Re-rank the first 100 by geometric verification.")
@store_option
@by_option
@_model
@device_option
@_output
def pairs(
    file: Path,
    images: Path | None,
    same_works: Path | None,
    verify: bool,
    store: Location,
    by: tuple[str, ...],
    model: str | None,
    device: "Device",
    page: Path | None,
    format_: str,
) -> None:
    """Find artworks by other photographs of them, and by details.

    FILE is a CSV with the columns query and match (paths of two images), work and kind. A query is
    ranked among the collection and all other images of FILE.

    Example: artextract eval pairs pairs.csv --store wikiart --page pairs.html
    """
    from artextract.collection import open
    from artextract.packages import check_opencv
    from search.engine import check_aspects
    from search.evaluation.pairs import evaluate_pairs, read_pairs, read_same_works
    from search.request import parse_weights

    if verify:
        check_opencv("`verify`")
    weights = parse_weights(by)
    rows = read_pairs(file)
    known = read_same_works(same_works) if same_works else []
    with open(store, model=model, device=device) as collection:
        check_aspects(collection.store, weights)
        encoder = collection.reader.load(list(weights))
        section = evaluate_pairs(
            collection.store, encoder, weights, rows, images or file.parent, known, verify=verify
        )
        _write(collection.store, [section], page, format_)


@evaluate.command()
@store_option
@by_option
@click.option(
    "--field", "fields", multiple=True, metavar="NAME",
    help="Label to compare; repeatable.  [default: artist, style, genre]",
)  # fmt: skip
@click.option(
    "-k", type=click.IntRange(1), default=10, show_default=True,
    help="Number of neighbours for P@k.",
)  # fmt: skip
@_output
def labels(
    store: Location,
    by: tuple[str, ...],
    fields: tuple[str, ...],
    k: int,
    page: Path | None,
    format_: str,
) -> None:
    """Measure how many nearest neighbours share the artist, style or genre.

    Other images of the same object are left out; in the second row also those by the same artist.

    Example: artextract eval labels --store wikiart --by style
    """
    from artextract.collection import open
    from search.evaluation.labels import FIELDS, evaluate_labels
    from search.request import parse_weights

    weights = parse_weights(by)
    with open(store) as collection:
        sections = evaluate_labels(collection.store, weights, fields=fields or FIELDS, k=k)
        _write(collection.store, sections, page, format_)


@evaluate.command("aspects")
@store_option
@click.option(
    "--labels", type=click.Path(path_type=Path), metavar="FILE",
    help="CSV of labelled artworks: id, and any of composition, light_from, light_key, palette, "
    "head, scene, pose and hand.  [default: only the laws are tested]",
)  # fmt: skip
@click.option(
    "--atelier", hidden=True, expose_value=False, callback=_refuse_atelier,
    help="Gone; use --labels.",
)  # fmt: skip
@_sample("Works for the laws.")
@click.option(
    "--part", type=click.Choice(["dev", "test"]), default="test", show_default=True,
    help="Rows of FILE to use, if it has a column part.",
)  # fmt: skip
@_seed
@_model
@device_option
@_output
def of_aspects(
    store: Location,
    labels: Path | None,
    sample: int,
    part: str,
    seed: int,
    model: str | None,
    device: "Device",
    page: Path | None,
    format_: str,
) -> None:
    """Compare the aspects: each on each labelled task, and by laws that must hold.

    A task is to find artworks of the same label, such as the same direction of the head. A law is
    that a mirrored image has the mirrored pose, that a darker one has the same composition, ...

    Example: artextract eval aspects --store nga --labels labels.csv --page aspects.html
    """
    from artextract.collection import open
    from search.evaluation.aspects import evaluate_aspects, evaluate_laws, read_labels

    rows = read_labels(labels, part) if labels else []
    with open(store, model=model, device=device) as collection:
        encoder = collection.reader.load(collection.aspects)
        sections = evaluate_aspects(collection.store, rows, str(labels)) if labels else []
        sections.append(evaluate_laws(collection.store, encoder, sample=sample, seed=seed))
        _write(collection.store, sections, page, format_)


def _write(store: "Store", sections: "Sequence[Section]", page: Path | None, format_: str) -> None:
    from search.evaluation.report import print_sections, save_evaluation, to_rows

    if format_ == "json":
        click.echo(json.dumps(to_rows(sections), ensure_ascii=False, indent=2))
    else:
        print_sections(sections)
    if page is not None:
        save_evaluation(page, store, sections)
        click.echo(f"Page: {page}", err=True)
