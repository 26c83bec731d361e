"""Answering a question: what is alike, among which works, without whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artextract.catalog.artwork import METADATA_FIELDS, Artwork, split_values
from artextract.errors import QueryError
from artextract.net.fetch import is_url
from artextract.store import Record, Store, filters
from artextract.store.filters import Condition, Filter
from search.criteria import Criteria, make_filter
from search.query import Query
from search.scored import Scored

__all__ = [
    "Answer",
    "Question",
    "Result",
    "check_aspects",
    "combine",
    "image_of",
    "in_order",
    "listed",
    "search",
]

_KEYS = (
    *METADATA_FIELDS, "extra", "predicted", "faces", "bodies", "light", "palette", "image_folder",
    "width", "height", "image_sha256",
)  # fmt: skip
"""Payload keys of a result; thumbnails are fetched only where they are shown."""

_LACKS = {
    "face": "no head was found",
    "pose": "no body was found",
    "composition": "nothing but one colour was found",
}
"""Why a picture has no vector of an aspect."""

_ORDER = {"style": 0, "genre": 1, "artist": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: works like ``like``, unlike ``unlike``, that satisfy ``criteria``.

    ``by`` has the ways to be alike, each with its weight. Without a query, the works that satisfy
    the criteria are listed, the earliest first.
    """

    like: Sequence[Query] = ()
    unlike: Sequence[Query] = ()
    criteria: Criteria
    limit: int = 10
    by: Mapping[str, float] = field(default_factory=lambda: {"visual": 1.0})
    other_artists: bool = False
    min_score: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One work of an answer, by that of its images which is most like the query.

    ``score`` is the cosine to the query, None where there was none. ``aspects`` has the cosine for
    each aspect that was asked for, and ``shares`` what each adds to the score. ``matches`` is how
    many places of the query were found again in it, None where nobody looked (`search.rerank`).
    """

    rank: int
    score: float | None
    artwork: Artwork
    image: str
    point_id: str
    aspects: dict[str, float]
    payload: dict[str, Any]
    shares: dict[str, float] = field(default_factory=dict)
    matches: int | None = None

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
    check_aspects(store, question.by)
    if question.unlike and not question.like:
        raise QueryError("--unlike needs a work to be like; give a QUERY or --like")
    filter_ = make_filter(question.criteria, store, _left_out(question))
    matching = store.count_works(filter_)
    if not question.like:
        return Answer(_listed(store, filter_, question.limit), matching)
    scored = _alike(store, question, filter_)
    if not scored and matching and question.min_score is None:
        raise QueryError(
            f"none of the {matching} works that fit has what --by {' and '.join(question.by)} "
            "compares (no head or no body was found in them); search by another aspect"
        )
    results = [
        _result(rank, Record(each.id, each.payload, {}), each.score, each.aspects, each.shares)
        for rank, each in enumerate(scored, start=1)
    ]
    return Answer(results, matching)


def _alike(store: Store, question: Question, filter_: Filter | None) -> list[Scored]:
    """Return the points that are most alike, one a work."""
    targets = {aspect: _target(question, aspect) for aspect in question.by}
    if len(targets) > 1:
        from search.fusion import search_together

        return search_together(
            store,
            targets,
            question.by,
            limit=question.limit,
            filter_=filter_,
            min_score=question.min_score,
            keys=_KEYS,
        )
    ((aspect, target),) = targets.items()
    hits = store.search(
        target,
        aspect=aspect,
        limit=question.limit,
        filter_=filter_,
        min_score=question.min_score,
        keys=_KEYS,
        one_per="id",
    )
    return [
        Scored(hit.id, hit.score, {aspect: hit.score}, {aspect: hit.score}, hit.payload)
        for hit in hits
    ]


def _target(question: Question, aspect: str) -> list[float]:
    """Return the vector to be like for one aspect.

    Raises:
        QueryError: a query has none: its picture shows no head, or no body.
    """
    for query in (*question.like, *question.unlike):
        if aspect not in query.vectors:
            what = _LACKS.get(aspect)
            raise QueryError(
                f"{what or 'nothing was measured'} in {query.label!r}, so there is nothing to "
                f"compare by {aspect}; leave out --by {aspect}, or give another picture"
            )
    return combine(
        [query.vectors[aspect] for query in question.like],
        [query.vectors[aspect] for query in question.unlike],
    )


def check_aspects(store: Store, aspects: Iterable[str]) -> None:
    """Check that the collection has vectors for ``aspects``.

    Raises:
        QueryError: it has none for one of them.
    """
    known = store.manifest.vectors
    for aspect in aspects:
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
    conditions: list[Condition] = [filters.is_one_of(points)] if points else []
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
    keys = ("id", "view", "artist", "title", "year_begin", "year_end")
    works: dict[str, Record] = {}
    for record in store.scroll(filter_, keys=keys):
        known = works.setdefault(record.payload["id"], record)
        if record.payload.get("view") == "primary" != known.payload.get("view"):
            works[record.payload["id"]] = record
    chosen = sorted(works.values(), key=in_order)[:limit]
    return listed(store, [record.id for record in chosen])


def listed(store: Store, point_ids: Sequence[str]) -> list[Result]:
    """Return a result without a score for each point, in their order."""
    records = store.retrieve(point_ids, keys=_KEYS)
    return [
        _result(rank, records[point_id], None, {}, {})
        for rank, point_id in enumerate(point_ids, start=1)
    ]


def in_order(record: Record) -> tuple[float, str, str, str]:
    """Return what works are listed by: the earliest first, undated ones last."""
    payload = record.payload
    year = payload.get("year_begin", payload.get("year_end", float("inf")))
    return (year, payload.get("artist", ""), payload.get("title", ""), payload["id"])


def _result(
    rank: int,
    record: Record,
    score: float | None,
    aspects: dict[str, float],
    shares: dict[str, float],
) -> Result:
    payload = dict(record.payload)
    return Result(
        rank,
        score,
        Artwork.from_payload(payload),
        image_of(payload),
        record.id,
        aspects,
        payload,
        shares,
    )


def image_of(payload: Mapping[str, Any]) -> str:
    """Return where a work's picture is: a path, or a URL."""
    image: str = payload["image"]
    folder = payload.get("image_folder")
    if folder is None or is_url(image):
        return image if is_url(image) else payload.get("image_url", image)
    return str(Path(folder, image))
