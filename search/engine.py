"""The search engine: similar artworks, under filters, without the queries themselves."""

from collections.abc import Iterable, Sequence
from typing import Any

from artextract.aspects import ASPECTS, fact_keys
from artextract.catalog.artwork import METADATA_FIELDS, split_values
from artextract.errors import QueryError
from artextract.store import Record, Store, filters
from artextract.store.filters import Condition, Filter
from search.answer import Answer, Result, Scored, make_result
from search.filtering import make_filter
from search.query import Query
from search.request import Example, SearchRequest

_DEEPER = 4
_DEEPEST = 5000
"""Most artworks that are looked through for different images."""

LISTING_KEYS = ("id", "view", "artist", "title", "year_begin", "year_end")
"""The payload keys that a listing needs."""


def search(store: Store, request: SearchRequest) -> Answer:
    """Answer a request whose ``like`` and ``unlike`` are encoded queries.

    Without a query, the artworks that satisfy the filters are listed, the earliest first. The
    query artworks themselves are never results.

    Raises:
        QueryError: an aspect or a name is unknown, or the queries cancel each other out.
    """
    check_aspects(store, request.weights)
    like, unlike = _encoded(request.like), _encoded(request.unlike)
    filter_ = make_filter(request.filters, store, _left_out(request, like, unlike))
    matching = store.count_works(filter_)
    if not like:
        return Answer(request, (), (), _listed(store, filter_, request.limit), matching)
    targets = {aspect: _target(like, unlike, aspect) for aspect in request.weights}
    groups = _nearest_images(store, request, targets, filter_)
    if not groups and matching and request.min_score is None:
        raise QueryError(
            f"none of the {matching} artworks that match has a vector for "
            f"{' and '.join(targets)} ({_absent(targets)} in them); give another "
            "aspect as `by`"
        )
    results = [
        make_result(
            each.payload, rank=rank, score=each.score, point_id=each.id, aspects=each.aspects,
            shares=each.shares, same_image=tuple(other.payload["id"] for other in others),
        )
        for rank, (each, *others) in enumerate(groups, start=1)
    ]  # fmt: skip
    return Answer(request, like, unlike, results, matching)


def _encoded(examples: Sequence[Example]) -> tuple[Query, ...]:
    queries = tuple(example for example in examples if isinstance(example, Query))
    if len(queries) < len(examples):
        raise TypeError("the examples of a request must be encoded by search.reading.QueryReader")
    return queries


def _nearest_images(
    store: Store,
    request: SearchRequest,
    targets: dict[str, list[float]],
    filter_: Filter | None,
) -> list[list[Scored]]:
    """Return the most similar artworks in groups that share an image file, best first.

    The search goes deeper until there is an image for each result, and one beyond the last.
    """
    depth = request.limit + 1
    while True:
        scored = _nearest(store, request, targets, filter_, depth)
        groups: dict[str, list[Scored]] = {}
        for each in scored:
            groups.setdefault(each.payload.get("image_sha256") or each.id, []).append(each)
        if len(groups) > request.limit or len(scored) < depth or depth >= _DEEPEST:
            return list(groups.values())[: request.limit]
        depth = min(_DEEPER * depth, _DEEPEST)


def _nearest(
    store: Store,
    request: SearchRequest,
    targets: dict[str, list[float]],
    filter_: Filter | None,
    limit: int,
) -> list[Scored]:
    """Return the most similar points, one for each artwork."""
    options: dict[str, Any] = {
        "limit": limit, "filter_": filter_, "min_score": request.min_score,
        "keys": _result_keys(),
    }  # fmt: skip
    if len(targets) > 1:
        from search.fusion import search_by_several

        return search_by_several(store, targets, request.weights, **options)
    ((aspect, target),) = targets.items()
    return [
        Scored(hit.id, hit.score, {aspect: hit.score}, {aspect: hit.score}, hit.payload)
        for hit in store.search(target, aspect=aspect, one_per="id", **options)
    ]


def _target(like: Sequence[Query], unlike: Sequence[Query], aspect: str) -> list[float]:
    """Return the vector to search with for one aspect.

    Raises:
        QueryError: a query has none, such as an image without a face.
    """
    for query in (*like, *unlike):
        if aspect not in query.vectors:
            raise QueryError(
                f"{_absent([aspect])} in {query.label!r}, so there is nothing to compare by "
                f"{aspect}; leave out `by` {aspect}, or give another image"
            )
    return combine(
        [query.vectors[aspect] for query in like], [query.vectors[aspect] for query in unlike]
    )


def _absent(aspects: Iterable[str]) -> str:
    """Return why an image has no vector of one of ``aspects``, such as "no face was found"."""
    return " or ".join(
        ASPECTS[name].absent if name in ASPECTS else "nothing was measured" for name in aspects
    )


def _result_keys() -> tuple[str, ...]:
    """Return the payload keys of a result; thumbnails are read only where they are shown."""
    return (
        *METADATA_FIELDS, "extra", "predicted", *fact_keys(), "image_folder", "width", "height",
        "image_sha256",
    )  # fmt: skip


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
    """Return one vector for several examples: the mean of ``like``, moved away from ``unlike``.

    Without ``unlike`` it is the mean; with it, it is ``2 mean(like) - mean(unlike)``, Qdrant's
    ``average_vector`` strategy (https://qdrant.tech/documentation/concepts/explore/). All vectors
    are unit vectors of one dimension.

    Raises:
        QueryError: nothing is left of the vectors.
    """
    toward = _mean(like)
    if unlike:
        toward = [2 * a - b for a, b in zip(toward, _mean(unlike), strict=True)]
    if sum(value * value for value in toward) < 1e-12:
        raise QueryError("the examples in `like` and `unlike` cancel each other out; change one")
    return toward


def _mean(vectors: Sequence[Sequence[float]]) -> list[float]:
    return [sum(values) / len(vectors) for values in zip(*vectors, strict=True)]


def _left_out(
    request: SearchRequest, like: Sequence[Query], unlike: Sequence[Query]
) -> list[Condition]:
    """Return the conditions of artworks that are left out: the queries, and their artists' ones."""
    points = [point_id for query in (*like, *unlike) for point_id in query.point_ids]
    conditions: list[Condition] = [filters.is_one_of(points)] if points else []
    if request.other_artists:
        artists = []
        for query in like:
            if query.artwork is None or query.artwork.artist is None:
                raise QueryError(
                    f"`other_artists` needs a query whose artist is known, and that of "
                    f"{query.label!r} is not; give the id of an artwork in the collection"
                )
            artists += split_values(query.artwork.artist)
        conditions.append(filters.named("artist", artists))
    return conditions


def _listed(store: Store, filter_: Any, limit: int) -> list[Result]:
    """Return the artworks that satisfy a filter, the earliest first, undated ones last."""
    records = primary_images(store.scroll(filter_, keys=LISTING_KEYS)).values()
    return list_points(store, [record.id for record in sorted(records, key=listing_key)[:limit]])


def primary_images(records: Iterable[Record]) -> dict[str, Record]:
    """Return {artwork id: its primary image, or the first of its images if that is missing}."""
    chosen: dict[str, Record] = {}
    for record in records:
        known = chosen.setdefault(record.payload["id"], record)
        if record.payload.get("view") == "primary" != known.payload.get("view"):
            chosen[record.payload["id"]] = record
    return chosen


def list_points(store: Store, point_ids: Sequence[str]) -> list[Result]:
    """Return a result without a score for each point, in their order."""
    records = store.retrieve(point_ids, keys=_result_keys())
    return [
        make_result(records[each].payload, rank=rank, score=None, point_id=each, aspects={})
        for rank, each in enumerate(point_ids, start=1)
    ]


def listing_key(record: Record) -> tuple[float, str, str, str]:
    """Return the sort key of a listing: the earliest first, undated ones last."""
    payload = record.payload
    year = payload.get("year_begin", payload.get("year_end", float("inf")))
    return (year, payload.get("artist", ""), payload.get("title", ""), payload["id"])
