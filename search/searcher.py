"""Answering a question: what is alike, among which works, without whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artextract.artwork import METADATA_FIELDS, Artwork, split_values
from artextract.errors import QueryError
from artextract.fetch import is_url
from artextract.store import Record, Store, filters
from artextract.store.filters import Condition
from search.criteria import Criteria, make_filter
from search.query import Query

__all__ = ["Answer", "Question", "Result", "check_aspect", "combine", "image_of", "search"]

_KEYS = (
    *METADATA_FIELDS, "extra", "predicted", "image_folder", "width", "height", "image_sha256",
)  # fmt: skip
"""Payload keys of a result; thumbnails are fetched only where they are shown."""

_ORDER = {"style": 0, "genre": 1, "artist": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: works like ``like``, unlike ``unlike``, that satisfy ``criteria``.

    Without a query, the works that satisfy the criteria are listed, the earliest first.
    """

    like: Sequence[Query] = ()
    unlike: Sequence[Query] = ()
    criteria: Criteria
    limit: int = 10
    aspect: str = "visual"
    other_artists: bool = False
    min_score: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One work of an answer, by that of its images which is most like the query.

    ``score`` is the cosine to the query, None where there was none.
    """

    rank: int
    score: float | None
    artwork: Artwork
    image: str
    point_id: str
    aspects: dict[str, float]
    payload: dict[str, Any]

    @property
    def predicted(self) -> dict[str, tuple[str, float]]:
        """{attribute: (class, probability)} of what a network predicted, style first."""
        found = self.payload.get("predicted", {})
        told = {name: each for name, each in found.items() if name != "terms"}
        order = sorted(told, key=lambda name: (_ORDER.get(name, len(_ORDER)), name))
        return {name: (told[name]["name"], told[name]["probability"]) for name in order}


@dataclass(frozen=True, slots=True)
class Answer:
    """The results, best first, and how many works satisfy the criteria."""

    results: list[Result]
    matching: int


def search(store: Store, question: Question) -> Answer:
    """Answer ``question`` from ``store``.

    The query works themselves are never results of a search by id.

    Raises:
        QueryError: an aspect or a name is unknown, or the queries cancel each other out.
        DateError: the years can't be understood.
    """
    check_aspect(store, question.aspect)
    if question.unlike and not question.like:
        raise QueryError("--unlike needs a work to be like; give a QUERY or --like")
    filter_ = make_filter(question.criteria, store, _left_out(question))
    matching = store.count_works(filter_)
    if not question.like:
        return Answer(_listed(store, filter_, question.limit), matching)
    hits = store.search(
        combine([q.vectors[question.aspect] for q in question.like],
                [q.vectors[question.aspect] for q in question.unlike]),
        aspect=question.aspect,
        limit=question.limit,
        filter_=filter_,
        min_score=question.min_score,
        keys=_KEYS,
        one_per="id",
    )  # fmt: skip
    results = [
        _result(rank, Record(hit.id, hit.payload, {}), hit.score, {question.aspect: hit.score})
        for rank, hit in enumerate(hits, start=1)
    ]
    return Answer(results, matching)


def check_aspect(store: Store, aspect: str) -> None:
    """Check that the collection has vectors for ``aspect``.

    Raises:
        QueryError: it has none.
    """
    known = store.manifest.vectors
    if aspect not in known:
        raise QueryError(f"unknown aspect {aspect!r}; this collection has: {', '.join(known)}")


def combine(like: Sequence[Sequence[float]], unlike: Sequence[Sequence[float]]) -> list[float]:
    """Return one vector for several examples: the mean of the likes, moved away from the unlikes.

    With likes alone it is their mean; with unlikes it is ``2 mean(like) - mean(unlike)``, Qdrant's
    ``average_vector`` strategy (https://qdrant.tech/documentation/concepts/explore/). All vectors
    are unit vectors of one dimension.

    Raises:
        QueryError: nothing is left of the vectors.
    """
    toward = _mean(like)
    if unlike:
        toward = [2 * a - b for a, b in zip(toward, _mean(unlike), strict=True)]
    if sum(value * value for value in toward) < 1e-12:
        raise QueryError("the examples to be like and unlike cancel each other out; change one")
    return toward


def _mean(vectors: Sequence[Sequence[float]]) -> list[float]:
    return [sum(values) / len(vectors) for values in zip(*vectors, strict=True)]


def _left_out(question: Question) -> list[Condition]:
    """Return the conditions of works that are no answer: the queries, and their artists' works."""
    queries = [*question.like, *question.unlike]
    points = [point_id for query in queries for point_id in query.point_ids]
    conditions: list[Condition] = [filters.no_one_of(points)] if points else []
    if question.other_artists:
        artists = []
        for query in question.like:
            if query.artwork is None or query.artwork.artist is None:
                raise QueryError(
                    f"--other-artists needs a query whose artist is known, and that of "
                    f"{query.label!r} is not; give the id of a work in the collection"
                )
            artists += split_values(query.artwork.artist)
        if not artists:
            raise QueryError("--other-artists needs a query; give the id of a work")
        conditions.append(filters.named("artist", artists))
    return conditions


def _listed(store: Store, filter_: Any, limit: int) -> list[Result]:
    """Return the works that satisfy a filter, the earliest first, undated ones last."""

    def order(record: Record) -> tuple[float, str, str, str]:
        payload = record.payload
        year = payload.get("year_begin", payload.get("year_end", float("inf")))
        return (year, payload.get("artist", ""), payload.get("title", ""), payload["id"])

    keys = ("id", "view", "artist", "title", "year_begin", "year_end")
    works: dict[str, Record] = {}
    for record in store.scroll(filter_, keys=keys):
        known = works.setdefault(record.payload["id"], record)
        if record.payload.get("view") == "primary" != known.payload.get("view"):
            works[record.payload["id"]] = record
    chosen = sorted(works.values(), key=order)[:limit]
    records = store.retrieve([record.id for record in chosen], keys=_KEYS)
    return [
        _result(rank, records[record.id], None, {}) for rank, record in enumerate(chosen, start=1)
    ]


def _result(rank: int, record: Record, score: float | None, aspects: dict[str, float]) -> Result:
    payload = dict(record.payload)
    return Result(
        rank,
        score,
        Artwork.from_payload(payload),
        image_of(payload),
        record.id,
        aspects,
        payload,
    )


def image_of(payload: Mapping[str, Any]) -> str:
    """Return where a work's picture is: a path, or a URL."""
    image: str = payload["image"]
    folder = payload.get("image_folder")
    if folder is None or is_url(image):
        return image if is_url(image) else payload.get("image_url", image)
    return str(Path(folder, image))
