"""The interface of collections, and what embedded and server stores share."""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from artextract.catalog.artwork import VIEWS
from artextract.errors import StoreError, StoreMismatchError
from artextract.models.registry import ModelIdentity
from artextract.store import filters
from artextract.store.filters import Condition, Filter
from artextract.store.manifest import Manifest
from artextract.store.records import Hit, Point, Record

EFFORT, FILTERED_EFFORT = 128, 768
"""Number of candidates that a search in the graph keeps (``hnsw_ef``) without and with a filter, of
up to ``_GROWTH_BEGINS`` points: neighbours that don't pass take up candidates. The engine itself
compares all points that pass where these are few (``FULL_SCAN_KB``), so that a filter is answered
well whatever its share (docs/decisions/0014-filtered-searches.md)."""

_GROWTH_BEGINS = 100_000
_GROWTH, _FILTERED_GROWTH = 0.8, 0.12
"""Powers of the number of points with which these numbers grow from there on: a million need 800
and 1,000 for the recall that a hundred thousand have with 128 and 768."""

FULL_SCAN_KB = 10_000
"""Size of the full vectors that pass a filter, in kB, below which they are all compared."""

INDEXING_KB = 16 << 10
"""Size of a segment's full vectors, in kB, above which a graph is built and vectors are quantised;
below, all vectors are compared, exactly (3,300 vectors of 1,280 dimensions, in 0.5 ms)."""

OVERSAMPLING = 3.0
"""Candidates of a quantised search that are rescored, as multiple of the limit."""

_BEYOND = 16
"""Hits beyond the limit, so that ties at the cut are always broken in the same way."""

IDS_A_REQUEST, RECORDS_A_REQUEST = 1000, 250
"""Largest number of points of a request without and with their vectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestRequest:
    """One search by the engine; other fields than these are as in :meth:`Store.search`.

    ``unit`` is the query, of length 1. ``effort`` is the number of candidates that a search in the
    graph keeps (``hnsw_ef``); None is ``EFFORT`` or ``FILTERED_EFFORT``, or ``limit`` if that is
    more. ``oversampling`` is, with quantised vectors, the number of candidates to rescore with full
    vectors, as multiple of ``limit``; 0 rescores none, None is ``OVERSAMPLING``. ``acorn`` also
    visits neighbours of neighbours that don't pass the filter (Patel et al. 2024,
    arXiv:2403.04871).
    """

    unit: Sequence[float]
    aspect: str
    limit: int
    filter_: Filter | None = None
    min_score: float | None = None
    keys: Sequence[str] | None = None
    effort: int | None = None
    oversampling: float | None = None
    acorn: bool = False


class Store(ABC):
    """An open collection; :func:`~artextract.store.open.open_store` gives one.

    ``location`` is the user's text for it. All methods may raise StoreError.
    """

    location: str
    manifest: Manifest
    _points: int | None = None
    """About how many points there are; None before the first search, and after a write."""

    def check_model(
        self,
        model: ModelIdentity,
        classifier: ModelIdentity | None = None,
        vectors: Mapping[str, int] | None = None,
        measured: int | None = None,
    ) -> None:
        """Check that this collection was made as given; the arguments are those of create_store.

        Raises:
            StoreMismatchError: another model made its embeddings or predicted its classes; or
                ``vectors`` are given and the collection has vectors of other aspects, or was
                measured by another version of the rules than ``measured``.
        """
        mine, mine_classifier = self.manifest.model, self.manifest.classifier
        if mine.sha256 != model.sha256:
            raise StoreMismatchError(
                f"store {self.location} was made with model {mine}, and this is {model}; two "
                f"models never mix in a collection: use `model` {mine.file or mine.name}, or "
                "another store"
            )
        if (mine_classifier and mine_classifier.sha256) != (classifier and classifier.sha256):
            use = (
                "none" if mine_classifier is None else mine_classifier.file or mine_classifier.name
            )
            raise StoreMismatchError(
                f"the classes in store {self.location} were predicted by "
                f"{mine_classifier or 'no model'}, and this run predicts them by "
                f"{classifier or 'no model'}: use `classifier` {use}, or another store"
            )
        if vectors is not None and self.manifest.measured not in (None, measured):
            raise StoreMismatchError(
                f"the images in store {self.location} were measured by version "
                f"{self.manifest.measured} of the rules, and this release has version "
                f"{measured}: ingest them into another store"
            )
        kept = self.manifest.vectors
        if vectors is not None and set(vectors) != set(kept):
            raise StoreMismatchError(
                f"store {self.location} keeps vectors of {', '.join(kept)}, and this run makes "
                f"those of {', '.join(vectors)}: use `aspects` {','.join(kept)}, or another store"
            )

    def refresh(self) -> bool:
        """Return whether another process has written since the last call.

        That is never so for an embedded store, which has one owner.
        """
        return False

    # Writing

    @abstractmethod
    def upsert(self, points: Sequence[Point]) -> None:
        """Write points, replacing those of the same id; when it returns, they survive a crash.

        Raises:
            StoreError: a vector is missing, not finite, or of a wrong dimension.
            StoreFullError: there is too little free space. Nothing is written.
        """

    @abstractmethod
    def overwrite_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Give points other payloads, {id: payload}, and leave their vectors."""

    @abstractmethod
    def delete(self, point_ids: Sequence[str]) -> None:
        """Delete points; those that do not exist are passed over."""

    @abstractmethod
    def optimize(self) -> bool:
        """Build the graph for new points; return whether anything was done.

        A server does so by itself.
        """

    @abstractmethod
    def add_indexes(self) -> None:
        """Make those indexes of the schema that are missing."""

    @abstractmethod
    def set_format(self, format_: int) -> None:
        """Change the manifest's format, once payloads and indexes are of it."""

    @abstractmethod
    def settle(self, on_wait: Callable[[str], None] = lambda text: None) -> None:
        """Return once nothing is left to optimise, so that speed can be measured.

        ``on_wait`` is called now and then with a line that says how far it is.

        Raises:
            StoreError: the server has failed to optimise.
        """

    def _checked(self, point: Point) -> tuple[dict[str, list[float]], dict[str, Any]]:
        """Return unit vectors and payload of ``point``, which the engine will accept."""
        payload, dimensions = dict(point.payload), self.manifest.vectors
        try:
            json.dumps(payload, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError) as error:
            raise StoreError(
                f"point {point.id} holds a value that can't be stored ({error}); a payload holds "
                "text, finite numbers, booleans, lists and dictionaries of them"
            ) from error
        if unknown := set(point.vectors) - set(dimensions):
            raise StoreError(
                f"point {point.id} has vector {sorted(unknown)[0]!r}; the store has "
                f"{', '.join(dimensions)}"
            )
        if "visual" not in point.vectors:
            raise StoreError(f"point {point.id} has no vector 'visual', which every artwork has")
        for name, vector in point.vectors.items():
            if len(vector) != dimensions[name]:
                raise StoreError(
                    f"vector {name!r} of point {point.id} has {len(vector)} dimensions, not "
                    f"{dimensions[name]} like the store's"
                )
        return {
            name: to_unit(vector, f"vector {name!r} of point {point.id}")
            for name, vector in point.vectors.items()
        }, payload

    # Reading

    def search(
        self,
        vector: Sequence[float],
        *,
        aspect: str = "visual",
        limit: int,
        filter_: Filter | None = None,
        min_score: float | None = None,
        keys: Sequence[str] | None = None,
        one_per: str | None = None,
    ) -> list[Hit]:
        """Return the points most similar to ``vector``, best first; equal scores by id.

        Args:
            vector: The query's embedding for ``aspect``, of any length.
            aspect: The named vector to compare.
            limit: Maximum number of hits.
            filter_: Only points that satisfy this filter.
            min_score: Only points with at least this cosine.
            keys: Payload keys to return; None returns all, () none.
            one_per: Of points with the same value of this key, return only the best.
        """
        if one_per is not None and keys is not None and one_per not in keys:
            keys = [*keys, one_per]
        query = to_unit(vector, "the query's vector")
        depth = limit + _BEYOND
        while True:
            hits = self.nearest(
                NearestRequest(
                    unit=query,
                    aspect=aspect,
                    limit=depth,
                    filter_=filter_,
                    min_score=min_score,
                    keys=keys,
                )
            )
            found = len(hits)
            hits.sort(key=lambda hit: (-hit.score, hit.id))
            best = hits if one_per is None else _first_of_each(hits, one_per)
            if found < depth or (len(best) >= limit and hits[-1].score < best[limit - 1].score):
                return best[:limit]
            depth *= 4

    @abstractmethod
    def nearest(self, request: NearestRequest) -> list[Hit]:
        """Return the hits of one search by the engine, best first; equal scores in any order."""

    def retrieve(
        self,
        point_ids: Sequence[str],
        *,
        keys: Sequence[str] | None = None,
        with_vectors: bool = False,
    ) -> dict[str, Record]:
        """Return {id: record} of those of ``point_ids`` that exist; ``keys`` as in search."""
        size = RECORDS_A_REQUEST if with_vectors else IDS_A_REQUEST
        return {
            record.id: record
            for start in range(0, len(point_ids), size)
            for record in self._retrieve(point_ids[start : start + size], keys, with_vectors)
        }

    def retrieve_everywhere(
        self, point_ids: Sequence[str], *, keys: Sequence[str] | None = None
    ) -> dict[str, Record]:
        """Return {id: record} of those of ``point_ids`` that all replicas hold equally.

        The others are to be written again. An embedded store has one replica.
        """
        return self.retrieve(point_ids, keys=keys)

    @abstractmethod
    def _retrieve(
        self, point_ids: Sequence[str], keys: Sequence[str] | None, with_vectors: bool
    ) -> Iterable[Record]: ...

    def scroll(
        self,
        filter_: Filter | None = None,
        *,
        keys: Sequence[str] | None = None,
        with_vectors: bool = False,
        page_size: int = 1000,
        after: str | None = None,
    ) -> Iterator[Record]:
        """Iterate over the points that satisfy a filter, in the order of their ids.

        ``after`` leaves out all up to this id, itself included.
        """
        offset: Any = after
        while True:
            page, offset = self._page(filter_, keys, with_vectors, page_size, offset)
            yield from (record for record in page if record.id != after)
            if offset is None:
                return

    @abstractmethod
    def _page(
        self,
        filter_: Filter | None,
        keys: Sequence[str] | None,
        with_vectors: bool,
        size: int,
        offset: Any,
    ) -> tuple[Iterable[Record], Any]:
        """Return a page of :meth:`scroll` from ``offset``, and the offset of the next page."""

    def count_works(self, filter_: Filter | None = None) -> int:
        """Return how many artworks have a point that satisfies a filter.

        Only images of artworks with several have a view, and only their ids are counted apart.
        """
        if not self.count(filters.all_of([filters.has_term("view", VIEWS)])):
            return self.count(filter_)
        only: list[Condition] = [filter_] if filter_ else []
        several = filters.all_of([*only, filters.has_term("view", VIEWS)])
        images = self.count(several)
        if not images:
            return self.count(filter_)
        return self.count(filter_) - images + len(self.facet("id", limit=images, filter_=several))

    @abstractmethod
    def count(self, filter_: Filter | None = None) -> int:
        """Return how many points satisfy a filter; without one, how many there are."""

    @abstractmethod
    def facet(
        self, key: str, *, limit: int = 10, filter_: Filter | None = None
    ) -> list[tuple[str, int]]:
        """Return the most frequent values of an indexed keyword key as (value, count)."""

    def disk_bytes(self) -> int | None:
        """Return the bytes that the collection takes on the disk; None if that is unknown."""
        return None

    def _effort(self, request: NearestRequest) -> int:
        """Return the number of candidates that a search in the graph keeps."""
        if request.effort is not None:
            return request.effort
        if self._points is None:
            self._points = self._estimate_points()
        times = max(1.0, self._points / _GROWTH_BEGINS)
        if request.filter_ is None:
            return max(request.limit, round(EFFORT * math.pow(times, _GROWTH)))
        return max(request.limit, round(FILTERED_EFFORT * math.pow(times, _FILTERED_GROWTH)))

    @abstractmethod
    def _estimate_points(self) -> int:
        """Return about how many points there are, in less time than :meth:`count` takes."""

    def _rescoring(self, request: NearestRequest) -> dict[str, Any] | None:
        """Return how to rescore quantised vectors; None if they are not quantised."""
        if self.manifest.layout.quantization == "none":
            return None
        times = OVERSAMPLING if request.oversampling is None else request.oversampling
        return {"rescore": times > 0, "oversampling": times or None}

    @abstractmethod
    def describe(self) -> list[tuple[str, str]]:
        """Return facts about the engine as (label, text)."""

    # Leaving

    @abstractmethod
    def close(self) -> None:
        """Write what is pending, and release the collection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def to_unit(vector: Sequence[float], name: str) -> list[float]:
    """Return ``vector`` with length 1; an engine would compute its square in 32 bits.

    Raises:
        StoreError: the vector, called ``name``, is zero or not finite.
    """
    length = math.hypot(*vector)
    if not math.isfinite(length) or length == 0:
        raise StoreError(
            f"{name} is zero or not finite and has no direction; encode the image again"
        )
    if abs(length - 1) < 1e-3:
        return list(vector)
    return [value / length for value in vector]


def by_count(hits: Iterable[Any]) -> list[tuple[str, int]]:
    """Return the engine's hits of a facet as (value, count), the most frequent first."""
    return sorted(((str(hit.value), hit.count) for hit in hits), key=lambda v: (-v[1], v[0]))


def _first_of_each(hits: Sequence[Hit], key: str) -> list[Hit]:
    """Return the first hit of each value of ``key``, and all hits without one."""
    first: dict[Any, Hit] = {}
    for hit in hits:
        first.setdefault(hit.payload.get(key, hit.id), hit)
    return list(first.values())
