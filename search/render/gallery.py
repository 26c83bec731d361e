"""The gallery page: the results of a search in one HTML file."""

from pathlib import Path

from artextract.aspects import ASPECTS, fact_keys
from artextract.aspects.base import Compared
from artextract.store import Store
from search.answer import Answer
from search.images import ImageReader
from search.render.template import caption, data_uri, save_page

_QUERY_SIDE = 560
_RESULT_SIDE = 440


def save_gallery(path: Path, store: Store, answer: Answer, images: ImageReader) -> None:
    """Write the results as a page that needs no other file and no network.

    Raises:
        InputError: the file can't be written.
    """
    request = answer.request
    why = _why(store, answer)
    save_page(
        path,
        "gallery.html",
        queries=[
            {**caption(query), "image": data_uri(images.of_query(query, _QUERY_SIDE))}
            for query in answer.like
        ],
        unlike=[query.label for query in answer.unlike],
        filters=request.filters.describe()
        + (["other artists only"] if request.other_artists else []),
        results=[
            {
                "result": result,
                "image": data_uri(images.of_result(result, _RESULT_SIDE)),
                "page_url": _safe_link(result.artwork.page_url),
                "why": why.get(result.point_id, []),
            }
            for result in answer.results
        ],
        matching=answer.matching,
        verified=any(result.matches for result in answer.results),
        by=request.weights,
        model=store.manifest.model,
    )


def _why(store: Store, answer: Answer) -> dict[str, list[str]]:
    """Return {point id: a sentence for each aspect} of the results of one query."""
    if len(answer.like) != 1 or answer.unlike:
        return {}
    (query,) = answer.like
    ids = [result.point_id for result in answer.results]
    records = store.retrieve(ids, keys=(*fact_keys(), "predicted"), with_vectors=True)
    return {
        point_id: [
            ASPECTS[aspect].describe(
                Compared(query.vectors[aspect], query.payload),
                Compared(record.vectors[aspect], record.payload),
            )
            for aspect in answer.request.weights
        ]
        for point_id, record in records.items()
    }  # fmt: skip


def _safe_link(url: str | None) -> str | None:
    """Return a catalog's link if it is one to the web, so that it can't run a script."""
    return url if url and url.lower().startswith(("http://", "https://")) else None
