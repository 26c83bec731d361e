"""The gallery page: one HTML file with everything in it, to look at or to send."""

from pathlib import Path

import jinja2
import PIL.Image

from artextract import __version__
from artextract.aspects.measure import SEEN
from artextract.aspects.words import say
from artextract.errors import InputError
from artextract.files import atomic_write
from artextract.images.opening import jpeg_data_uri
from artextract.store import Store
from search.engine import Answer, Question
from search.images import Pictures
from search.query import Query

__all__ = ["save_gallery"]

_QUERY_SIDE = 560
_RESULT_SIDE = 440


def save_gallery(
    path: Path,
    store: Store,
    question: Question,
    answer: Answer,
    pictures: Pictures | None = None,
) -> None:
    """Write the answer as a page that needs no other file and no network.

    ``pictures`` reads them; give one to learn which could not be read.

    Raises:
        InputError: the file can't be written.
    """
    pictures = Pictures(store) if pictures is None else pictures
    why = _why(store, question, answer)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("search.render"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("gallery.html").render(
        queries=[
            {**_words_of_query(query), "picture": _uri(pictures.of_query(query, _QUERY_SIDE))}
            for query in question.like
        ],
        unlike=[query.label for query in question.unlike],
        criteria=question.criteria.describe()
        + (["other artists only"] if question.other_artists else []),
        results=[
            {
                "result": result,
                "picture": _uri(pictures.of_result(result, _RESULT_SIDE)),
                "page_url": _safe_link(result.artwork.page_url),
                "why": why.get(result.point_id, []),
            }
            for result in answer.results
        ],
        matching=answer.matching,
        verified=any(result.matches for result in answer.results),
        by=question.by,
        model=store.manifest.model,
        version=__version__,
    )
    try:
        atomic_write(path, page)
    except OSError as error:
        raise InputError(f"--gallery {path} can't be written: {error.strerror}") from error


def _why(store: Store, question: Question, answer: Answer) -> dict[str, list[str]]:
    """Return {point id: sentences}, one for each aspect asked for, of results of one query."""
    if len(question.like) != 1 or question.unlike:
        return {}
    (query,) = question.like
    ids = [result.point_id for result in answer.results]
    records = store.retrieve(ids, keys=SEEN, with_vectors=True)
    return {
        point_id: [
            say(aspect, (query.vectors[aspect], query.payload),
                (record.vectors[aspect], record.payload))
            for aspect in question.by
        ]
        for point_id, record in records.items()
    }  # fmt: skip


def _words_of_query(query: Query) -> dict[str, str]:
    artwork = query.artwork
    if artwork is None:
        return {"title": query.label, "by": ""}
    by = ", ".join(part for part in (artwork.maker, artwork.display_date) if part)
    return {"title": artwork.title or query.label, "by": by}


def _uri(picture: PIL.Image.Image) -> str:
    return jpeg_data_uri(picture, quality=84)


def _safe_link(url: str | None) -> str | None:
    """Return a catalog's link if it is one to the web, so that it can't run a script."""
    return url if url and url.lower().startswith(("http://", "https://")) else None
