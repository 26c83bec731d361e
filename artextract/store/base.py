"""What every collection can do, whether it lies in a folder or on a server.

What the engines do alike is written once, here: which models belong to a collection, how equal
scores are ordered, how works are counted. The rest is each store's own.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from artextract.catalog.artwork import VIEWS
from artextract.errors import StoreError, StoreMismatchError
from artextract.store import filters
from artextract.store.filters import Condition, Filter
from artextract.store.manifest import Manifest, ModelIdentity, measured_version
from artextract.store.records import Hit, Point, Record

__all__ = ["ACORN_SHARE", "EFFORT", "OVERSAMPLING", "Store", "to_unit"]

EFFORT = 128
"""How many candidates a search through the graph keeps (``hnsw_ef``), unless told otherwise."""

OVERSAMPLING = 3.0
"""How many times as many as asked for are looked up in full after a search in quantised vectors."""

ACORN_SHARE = 0.6
"""Under a filter that a smaller share of points passes, and that is not answered by an index of the
payload, the search also looks at the neighbours of neighbours (ACORN, Patel et al. 2024,
arXiv:2403.04871). It takes a few times as long and finds what else is missed: where one work in ten
passes, .99 instead of .92 of the ten nearest (100,000 works)."""

_BEYOND = 16


class Store(ABC):
    """An open collection; :func:`~artextract.store.open.open_store` gives one.

    ``location`` is how the user named it. All methods may raise StoreError.
    """

    location: str
    manifest: Manifest

    def check_model(
        self,
        model: ModelIdentity,
        classifier: ModelIdentity | None = None,
        vectors: Mapping[str, int] | None = None,
    ) -> None:
        """Check that ``model`` made this collection's embeddings, and ``classifier`` its classes.

        Raises:
            StoreMismatchError: another one did, or one did where none is given, or the collection
                has other ``vectors`` {aspect: dimension} than these.
        """
        mine = self.manifest.model
        if mine.sha256 != model.sha256:
            raise StoreMismatchError(
                f"store {self.location} was made with model {mine}, and this is {model}; two "
                f"models never mix in a collection: use --model {mine.file or mine.name}, or "
                "another store"
            )
        told = self.manifest.classifier
        if (told and told.sha256) != (classifier and classifier.sha256):
            use = "none" if told is None else told.file or told.name
            raise StoreMismatchError(
                f"the classes in store {self.location} were predicted by {told or 'no model'}, and "
                f"this run predicts them by {classifier or 'no model'}: use --classifier {use}, or "
                "another store"
            )
        if vectors is not None and self.manifest.measured not in (None, measured_version(vectors)):
            raise StoreMismatchError(
                f"the pictures in store {self.location} were measured by version "
                f"{self.manifest.measured} of the rules, and this release has version "
                f"{measured_version(vectors)}: ingest them into another store"
            )
        kept = self.manifest.vectors
        if vectors is not None and set(vectors) != set(kept):
            raise StoreMismatchError(
                f"store {self.location} keeps vectors of {', '.join(kept)}, and this run makes "
                f"those of {', '.join(vectors)}: use --aspects {','.join(kept)}, or another store"
            )

    def refresh(self) -> bool:
        """Take note of what others have written; return whether they have, since it was asked last.

        Only where several may write at once: an embedded store has one owner.
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
    def overwrite_payload(self, point_id: str, payload: Mapping[str, Any]) -> None:
        """Give a point another payload and leave its vectors."""

    @abstractmethod
    def delete(self, point_ids: Sequence[str]) -> None:
        """Delete points; those that do not exist are passed over."""

    @abstractmethod
    def optimize(self) -> bool:
        """Put in order what was written, where that is ours to do; return whether it was."""

    @abstractmethod
    def settle(self) -> None:
        """Return when nothing is left to be put in order, so that speed can be measured."""

    def _unit_vectors(self, point: Point) -> dict[str, list[float]]:
        """Return the vectors of ``point`` with length 1, checked against what the store keeps."""
        wanted = self.manifest.vectors
        if unknown := set(point.vectors) - set(wanted):
            raise StoreError(
                f"point {point.id} has vector {sorted(unknown)[0]!r}; the store has "
                f"{', '.join(wanted)}"
            )
        if "visual" not in point.vectors:
            raise StoreError(f"point {point.id} has no vector 'visual', which every artwork has")
        for name, vector in point.vectors.items():
            if len(vector) != wanted[name]:
                raise StoreError(
                    f"vector {name!r} of point {point.id} has {len(vector)} numbers; the store's "
                    f"model gives {wanted[name]}"
                )
        return {
            name: to_unit(vector, f"vector {name!r} of point {point.id}")
            for name, vector in point.vectors.items()
        }

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
        """Return the points most like ``vector``, best first; equal scores in the order of ids.

        Args:
            vector: The query's embedding for ``aspect``; its length does not matter.
            aspect: Which named vector to compare.
            limit: Most hits to return.
            filter_: Only points that satisfy this filter.
            min_score: Only points with at least this cosine.
            keys: Payload keys to return; None returns all.
            one_per: Return the best point alone of those that share their value of this key.
        """
        if one_per is not None and keys is not None and one_per not in keys:
            keys = [*keys, one_per]
        query = to_unit(vector, "the query's vector")
        wanted = limit + _BEYOND  # so that ties at the cut are broken the same way each time
        while True:
            hits = self.nearest(
                query,
                aspect=aspect,
                limit=wanted,
                filter_=filter_,
                min_score=min_score,
                keys=keys,
                effort=max(EFFORT, wanted),
            )
            found = len(hits)
            hits.sort(key=lambda hit: (-hit.score, hit.id))
            best = hits if one_per is None else _first_of_each(hits, one_per)
            if found < wanted or (len(best) >= limit and hits[-1].score < best[limit - 1].score):
                return best[:limit]
            wanted *= 4

    @abstractmethod
    def nearest(
        self,
        unit: Sequence[float],
        *,
        aspect: str,
        limit: int,
        filter_: Filter | None = None,
        min_score: float | None = None,
        keys: Sequence[str] | None = None,
        effort: int = EFFORT,
        oversampling: float | None = None,
        acorn: bool = True,
    ) -> list[Hit]:
        """Return what the engine itself finds, best first; equal scores in no certain order.

        Args:
            unit: The query, of length 1.
            aspect: As of :meth:`search`, and so are limit, filter_, min_score and keys.
            limit: Most hits to return.
            filter_: Only points that satisfy this filter.
            min_score: Only points with at least this cosine.
            keys: Payload keys to return; None returns all, () none.
            effort: Candidates that the graph's search keeps (``hnsw_ef``).
            oversampling: With quantised vectors, how many times ``limit`` are looked up in full; 0
                looks up none, None takes ``OVERSAMPLING``.
            acorn: Whether to search under a filter as ``ACORN_SHARE`` says.
        """

    @abstractmethod
    def retrieve(
        self,
        point_ids: Sequence[str],
        *,
        keys: Sequence[str] | None = None,
        with_vectors: bool = False,
    ) -> dict[str, Record]:
        """Return {id: record} of those of ``point_ids`` that exist."""

    @abstractmethod
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

    def count_works(self, filter_: Filter | None = None) -> int:
        """Return how many artworks have a point that satisfies a filter.

        Only works with several images say which view an image is, and only these are looked
        through.
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
        """Return the commonest values of an indexed keyword key as (value, count)."""

    @abstractmethod
    def disk_bytes(self) -> int | None:
        """Return the bytes that the collection takes on the disk; None where that is unknown."""

    @abstractmethod
    def describe(self) -> list[tuple[str, str]]:
        """Return what there is to say of the engine, as (label, text)."""

    # Leaving

    @abstractmethod
    def close(self) -> None:
        """Finish what is pending, and give the collection free."""

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the store."""
        self.close()


def to_unit(vector: Sequence[float], name: str) -> list[float]:
    """Return ``vector`` with length 1; an engine would square its length in 32 bits.

    Raises:
        StoreError: it is zero or not finite; ``name`` says which it is.
    """
    length = math.hypot(*vector)
    if not math.isfinite(length) or length == 0:
        raise StoreError(
            f"{name} is zero or not finite and has no direction; embed the image again"
        )
    if abs(length - 1) < 1e-3:
        return list(vector)
    return [value / length for value in vector]


def _first_of_each(hits: Sequence[Hit], key: str) -> list[Hit]:
    """Return the first hit of each value of ``key``; one without it stands for itself."""
    first: dict[Any, Hit] = {}
    for hit in hits:
        first.setdefault(hit.payload.get(key, hit.id), hit)
    return list(first.values())
