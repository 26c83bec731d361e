"""``artextract search``: ask a collection."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artextract.cli.options import query_device_option, store_option
from artextract.store.location import Location

if TYPE_CHECKING:
    from artextract.models.session import Device
    from artextract.store import ModelIdentity
    from search.engine import Answer, Question
    from search.images import Pictures

__all__ = ["search"]


@click.command()
@click.argument("query", required=False)
@store_option
@click.option(
    "-k",
    "limit",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    help="Most works to return.",
)
@click.option(
    "--artist",
    multiple=True,
    metavar="NAME",
    help="Only works of this artist (name, ULAN or Wikidata id), by or near him. Repeatable: any "
    "of.",
)
@click.option(
    "--qualifier",
    multiple=True,
    metavar="WORD",
    help="How artist and work relate: by, attributed, workshop, circle, follower, after, ...; "
    "`near` is all other hands than his own. Any of.",
)
@click.option("--nationality", multiple=True, metavar="NAME", help="The artist's; any of.")
@click.option("--school", multiple=True, metavar="NAME", help="Only this school; any of.")
@click.option("--accession", multiple=True, metavar="NUMBER", help="Only this work; any of.")
@click.option(
    "--years", metavar="A:B", help="Only works whose years overlap A to B; A: and :B are open."
)
@click.option("--within", is_flag=True, help="With --years: the work's years must lie within.")
@click.option(
    "--dated", is_flag=True, help="Only works with years of their own, not their artist's life."
)
@click.option("--style", multiple=True, metavar="NAME", help="Only this style; any of.")
@click.option("--genre", multiple=True, metavar="NAME", help="Only this genre; any of.")
@click.option(
    "--predicted-style",
    multiple=True,
    metavar="NAME",
    help="Only works whose style was predicted to be this, whatever the catalog says; any of.",
)
@click.option("--predicted-genre", multiple=True, metavar="NAME", help="The same, genre.")
@click.option(
    "--predicted-artist",
    multiple=True,
    metavar="NAME",
    help="The same, artist.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="With --predicted-...: only predictions of at least this probability, 0 to 1.",
)
@click.option("--medium", metavar="TEXT", help="Only works whose medium has these words.")
@click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only works whose field KEY is VALUE; repeatable: all of.",
)
@click.option("--text", metavar="WORDS", help="Only works whose title has these words.")
@click.option(
    "--words", metavar="WORDS", help="Only works whose title, or artist's name, has these words."
)
@click.option(
    "--faces", metavar="N", help="Only works with so many heads: 2, 1:3, or 2: for two and more."
)
@click.option(
    "--facing",
    type=click.Choice(["left", "front", "right", "left profile", "right profile"]),
    multiple=True,
    help="Only works whose main head turns there, as the viewer sees it; any of.",
)
@click.option("--bodies", metavar="N", help="Only works with so many bodies, written like --faces.")
@click.option(
    "--light-from",
    type=click.Choice(["left", "right", "above", "unclear"]),
    multiple=True,
    help="Only works whose light lies there, as the viewer sees it; any of.",
)
@click.option(
    "--key",
    type=click.Choice(["low", "mid", "high"]),
    multiple=True,
    help="Only dark (low), middling or light (high) pictures; any of.",
)
@click.option(
    "--colour",
    multiple=True,
    metavar="NAME",
    help="Only works with this among their main colours (red, brown, grey, ...); any of.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="ASPECT[=WEIGHT]",
    help="The way to be alike; repeatable: the weighted sum of several.  [default: visual]",
)
@click.option(
    "--region",
    metavar="X,Y,W,H",
    help="Search with this part of QUERY's picture: fractions of its width and height.",
)
@click.option("--like", multiple=True, metavar="QUERY", help="Also like this work; repeatable.")
@click.option("--unlike", multiple=True, metavar="QUERY", help="Less like this one; repeatable.")
@click.option(
    "--verify",
    is_flag=True,
    help="Look for the very things that QUERY shows in the pictures of the first 100 works, or of "
    "-k, and put those first where they are found: finds the work of a detail.",
)
@click.option("--other-artists", is_flag=True, help="Leave out works by the query's artist.")
@click.option("--min-score", type=click.FloatRange(-1, 1), help="Only works with this cosine.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "jsonl", "csv"]),
    default="table",
    show_default=True,
    help="How to print the results.",
)
@click.option(
    "--gallery",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Also write a page with the pictures.",
)
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Also write a contact sheet.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the results with all that is known of them: .csv, .jsonl, .parquet, or .json "
    "for an IIIF manifest.",
)
@click.option("--model", metavar="FILE", help="The collection's model file, if it was moved.")
@query_device_option
@click.option("--allow-private-addresses", is_flag=True,
              help="Let a QUERY URL be on your own network.")  # fmt: skip
def search(
    query: str | None,
    store: Location,
    limit: int,
    region: str | None,
    like: tuple[str, ...],
    unlike: tuple[str, ...],
    verify: bool,
    other_artists: bool,
    min_score: float | None,
    format_: str,
    gallery: Path | None,
    sheet: Path | None,
    save: Path | None,
    model: str | None,
    device: "Device",
    allow_private_addresses: bool,
    **filters: Any,
) -> None:
    """Find works that look alike, or that filters describe.

    QUERY is a picture's file, its URL, or a work of the collection: its id, accession number or
    Wikidata id. Without one, the works that the filters describe are listed, the earliest first.

    Example: artextract search monet.jpg --artist "Claude Monet" --years 1870:1890 --gallery a.html
    """
    from artextract.store import open_store
    from search.asked import Asked
    from search.engine import Question, check_aspects
    from search.engine import search as answer_question
    from search.images import Pictures
    from search.query import QueryReader
    from search.region import Region

    asked = Asked(**filters)
    if asked.within and asked.years is None:
        raise click.UsageError("--within needs --years")
    if asked.min_confidence is not None and not (
        asked.predicted_style or asked.predicted_genre or asked.predicted_artist
    ):
        raise click.UsageError("--min-confidence needs --predicted-style, -genre or -artist")
    by, criteria = asked.weights(), asked.criteria()
    if "" in (query, *like, *unlike):
        raise click.UsageError(
            "a QUERY is empty; give a file, a URL or a work's id, or leave it out"
        )
    if sheet is not None:
        from search.render.contact_sheet import check_sheet

        check_sheet(sheet, limit)
    if save is not None:
        from artextract.catalog.writing.save import find_format
        from artextract.files import check_target

        find_format(save)
        check_target(save, force=True)
    if region is not None and not query:
        raise click.UsageError("--region needs a QUERY, whose part it is")
    part = None if region is None else Region.parse(region)
    looked_at = limit
    if verify:
        from search.rerank import CANDIDATES, check_opencv

        if not query or like:
            raise click.UsageError(
                "--verify compares with one picture; give a QUERY, and no --like"
            )
        check_opencv()
        looked_at = max(limit, CANDIDATES)
    with open_store(store) as opened:
        check_aspects(opened, by)
        reader = QueryReader(
            opened,
            aspects=list(by),
            model=model,
            device=device,
            allow_private=allow_private_addresses,
        )
        question = Question(
            like=[
                *([reader.read(query, region=part)] if query else []),
                *(reader.read(text) for text in like),
            ],
            unlike=[reader.read(text) for text in unlike],
            criteria=criteria,
            limit=looked_at,
            by=by,
            other_artists=other_artists,
            min_score=min_score,
        )
        answer = answer_question(opened, question)
        pictures = Pictures(opened)
        if verify:
            answer = _verify(pictures, question, answer, limit)
        _print(Pictures(opened), question, answer, format_)  # a thumbnail is all that a table shows
        if gallery is not None:
            from search.render.gallery import save_gallery

            save_gallery(gallery, opened, question, answer, pictures)
            click.echo(f"Gallery page: {gallery}", err=True)
        if sheet is not None:
            from search.render.contact_sheet import save_sheet

            first = question.like[0] if question.like else None
            save_sheet(sheet, opened, first, answer, pictures)
            click.echo(f"Contact sheet: {sheet}", err=True)
        if save is not None:
            _save(save, opened.manifest.model, question, answer)
        if pictures.stood_in:
            click.echo(
                f"{len(pictures.stood_in)} pictures can no longer be read where they were ingested "
                f"from, nor from the cache (such as {min(pictures.stood_in)}); their thumbnails "
                "stand in. Ingest them from where they are now.",
                err=True,
            )


def _verify(pictures: "Pictures", question: "Question", answer: "Answer", limit: int) -> "Answer":
    """Return the answer with the works first that show the very things that the query shows."""
    from search.rerank import SIDE, find_features, verify

    click.echo(f"Looking at the pictures of {len(answer.results)} works ...", err=True)
    query = find_features(pictures.of_query(question.like[0], SIDE))
    return verify(
        answer, query, lambda each: find_features(pictures.of_result(each, SIDE)), limit=limit
    )


def _save(path: Path, model: "ModelIdentity", question: "Question", answer: "Answer") -> None:
    """Write the results to a file, and say what it holds."""
    from artextract.catalog.writing.entries import Entry
    from artextract.catalog.writing.save import save_entries

    said = [*(f"like {query.label}" for query in question.like), *question.criteria.describe()]
    results = [Entry(r.point_id, r.payload, r.rank, r.score, r.aspects) for r in answer.results]
    label = ", ".join(said) or "All works"
    saved = save_entries(path, results, model, label=label, ranked=True, force=True)
    click.echo(f"Saved: {path} ({saved.works} works, {saved.format})", err=True)
    for reason, count in saved.left_out.items():
        click.echo(f"Left out of the manifest: {count} images, because {reason}.", err=True)


def _print(pictures: "Pictures", question: "Question", answer: "Answer", format_: str) -> None:
    """Print the results to stdout, and to stderr how many there are of how many."""
    from search.render import table as output

    if format_ == "table" and answer.results:
        output.write_table(answer, pictures)
    elif format_ != "table":
        write = {"json": output.to_json, "jsonl": output.to_jsonl, "csv": output.to_csv}[format_]
        click.echo(write(answer), nl=False)
    fit = " that fit" if question.criteria.describe() else ""
    click.echo(f"{len(answer.results)} of {answer.matching} works{fit}.", err=True)
