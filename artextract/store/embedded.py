"""The embedded collection: Qdrant's engine (qdrant-edge) in this process, in one folder.

Vectors cross into the engine as lists: numpy rows take it five times as long.
"""

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import qdrant_edge as edge

from artextract.artwork import VIEWS
from artextract.errors import StoreError, StoreMismatchError
from artextract.store import filters, schema
from artextract.store.edge_filter import to_edge
from artextract.store.filters import Condition, Filter
from artextract.store.manifest import Manifest, ModelIdentity
from artextract.store.owner import Owner
from artextract.store.space import SpaceGuard

__all__ = ["EmbeddedStore", "Hit", "Point", "Record"]

SHARD_NAME = "shard"

_INDEXING_THRESHOLD_KB = 64 << 10
"""Vectors of a segment, in kB, above which an HNSW graph is built; below, the scan is exact and
takes a few milliseconds (13,000 vectors of 1,280 dimensions)."""

_HNSW_EF = 128


@dataclass(frozen=True, slots=True)
class Point:
    """What is written: an id (UUID as text), a vector for each aspect, and the payload."""

    id: str
    vectors: Mapping[str, Sequence[float]]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """What is read back of a point; ``vectors`` is empty unless asked for."""

    id: str
    payload: Mapping[str, Any]
    vectors: Mapping[str, list[float]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found by likeness; ``score`` is the cosine, -1 to 1, higher is more alike."""

    id: str
    score: float
    payload: Mapping[str, Any]


class EmbeddedStore:
    """A collection in a folder, owned by this process until :meth:`close`.

    Use :func:`~artextract.store.open.open_store` to get one. All methods may raise StoreError.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        shard: edge.EdgeShard,
        owner: Owner,
        space: SpaceGuard,
    ) -> None:
        """Take over a loaded shard and the right to use it."""
        self.folder = folder
        self.manifest = manifest
        self._shard = shard
        self._owner = owner
        self._writing = False
        self._space = space

    @classmethod
    def create(
        cls,
        folder: Path,
        model: ModelIdentity,
        owner: Owner,
        *,
        vectors: Mapping[str, int] | None = None,
        classifier: ModelIdentity | None = None,
    ) -> "EmbeddedStore":
        """Make an empty collection; see :func:`artextract.store.open.create_store`."""
        manifest = Manifest(
            model=model,
            vectors=dict(vectors or {"visual": model.dimension}),
            classifier=classifier,
        )
        config = edge.EdgeConfig(
            vectors={
                # Cold: a command reads the pages it needs, not all vectors when it opens.
                name: edge.EdgeVectorParams(
                    size=size, distance=edge.Distance.Cosine, memory=edge.Memory.Cold
                )
                for name, size in manifest.vectors.items()
            },
            hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=10_000),
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=_INDEXING_THRESHOLD_KB),
        )
        path = folder / SHARD_NAME
        if path.exists():  # the rest of a creation that was cut off: it never had a manifest
            shutil.rmtree(path)
        space = SpaceGuard(path)
        space.check()
        path.mkdir()
        shard = _guarded(edge.EdgeShard.create, str(path), config)
        numbers = edge.IntegerIndexParams(lookup=False, range=True)
        indexes: list[tuple[str, Any]] = [
            *((key, edge.PayloadSchemaType.Keyword) for key in schema.KEYWORD_KEYS),
            *((key, numbers) for key in schema.INTEGER_KEYS),
        ]
        for key, kind in indexes:
            _guarded(shard.update, edge.UpdateOperation.create_field_index(key, kind))
        _guarded(shard.flush)
        manifest.save(folder)
        return cls(folder, manifest, shard, owner, space)

    @classmethod
    def load(cls, folder: Path, owner: Owner) -> "EmbeddedStore":
        """Open an existing collection; ``owner`` must hold ``folder``."""
        manifest = Manifest.load(folder)
        manifest.check_files(folder / SHARD_NAME)
        space = SpaceGuard(folder / SHARD_NAME)
        space.check()
        shard = _guarded(edge.EdgeShard.load, str(folder / SHARD_NAME))
        return cls(folder, manifest, shard, owner, space)

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
                f"store {self.folder} was made with model {mine}, and this is {model}; two models "
                f"never mix in a collection: use --model {mine.file or mine.name}, or another store"
            )
        told = self.manifest.classifier
        if (told and told.sha256) != (classifier and classifier.sha256):
            use = "none" if told is None else told.file or told.name
            raise StoreMismatchError(
                f"the classes in store {self.folder} were predicted by {told or 'no model'}, and "
                f"this run predicts them by {classifier or 'no model'}: use --classifier {use}, or "
                "another store"
            )
        kept = self.manifest.vectors
        if vectors is not None and set(vectors) != set(kept):
            raise StoreMismatchError(
                f"store {self.folder} keeps vectors of {', '.join(kept)}, and this run makes those "
                f"of {', '.join(vectors)}: use --aspects {','.join(kept)}, or another store"
            )

    # Writing

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points, replacing those of the same id; when it returns, they survive a crash.

        Raises:
            StoreError: a vector is missing, not finite, or of a wrong dimension.
            StoreFullError: there is too little free space. Nothing is written.
        """
        rows = [self._to_row(point) for point in points]
        self._begin_writing()
        _guarded(self._shard.update, edge.UpdateOperation.upsert_points(rows))

    def overwrite_payload(self, point_id: str, payload: Mapping[str, Any]) -> None:
        """Give a point another payload and leave its vectors."""
        self._begin_writing()
        operation = edge.UpdateOperation.overwrite_payload([point_id], dict(payload))
        _guarded(self._shard.update, operation)

    def delete(self, point_ids: Sequence[str]) -> None:
        """Delete points; those that do not exist are passed over."""
        self._begin_writing()
        operation = edge.UpdateOperation.delete_points(list(point_ids))
        _guarded(self._shard.update, operation)

    def optimize(self) -> bool:
        """Merge segments and build the graph where one is due; return whether anything was done.

        Other Python threads stand still meanwhile: the engine holds the interpreter's lock.

        Raises:
            StoreFullError: there is too little space to build it. What is stored stays as it is.
        """
        vectors = self.count() * 4 * sum(self.manifest.vectors.values())
        self._space.check(2 * vectors)
        self._begin_writing()
        return bool(_guarded(self._shard.optimize))

    def _begin_writing(self) -> None:
        """Note in the manifest that file sizes change from now on; refuse to fill the disk."""
        self._space.check()
        if not self._writing:
            self.manifest = self.manifest.with_files(None)
            self.manifest.save(self.folder)
            self._writing = True

    def _to_row(self, point: Point) -> edge.Point:
        self._check_vectors(point)
        vectors: dict[str, Any] = {
            name: _unit(vector, f"vector {name!r} of point {point.id}")
            for name, vector in point.vectors.items()
        }
        try:
            return edge.Point(id=point.id, vector=vectors, payload=dict(point.payload))
        except (TypeError, ValueError) as error:
            raise StoreError(
                f"point {point.id} holds a value that can't be stored ({error}); a payload holds "
                "text, finite numbers, truth values, lists and dictionaries of them"
            ) from error

    def _check_vectors(self, point: Point) -> None:
        wanted = self.manifest.vectors
        if unknown := set(point.vectors) - set(wanted):
            raise StoreError(f"point {point.id} has vector {sorted(unknown)[0]!r}; the store has "
                             f"{', '.join(wanted)}")  # fmt: skip
        if "visual" not in point.vectors:
            raise StoreError(f"point {point.id} has no vector 'visual', which every artwork has")
        for name, vector in point.vectors.items():
            if len(vector) != wanted[name]:
                raise StoreError(
                    f"vector {name!r} of point {point.id} has {len(vector)} numbers; the store's "
                    f"model gives {wanted[name]}"
                )

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
        query = edge.Query.Nearest(_unit(vector, "the query's vector"), using=aspect)
        wanted = limit + 16  # beyond the cut, so that ties at the cut are broken the same each time
        while True:
            request = edge.QueryRequest(
                limit=wanted,
                query=query,
                filter=to_edge(filter_) if filter_ else None,
                score_threshold=min_score,
                params=edge.SearchParams(hnsw_ef=max(_HNSW_EF, wanted)),
                with_payload=True if keys is None else list(keys),
            )
            found = _guarded(self._shard.query, request)
            hits = [Hit(str(point.id), point.score, point.payload or {}) for point in found]
            hits.sort(key=lambda hit: (-hit.score, hit.id))
            best = hits if one_per is None else _first_of_each(hits, one_per)
            if len(found) < wanted or (
                len(best) >= limit and hits[-1].score < best[limit - 1].score
            ):
                return best[:limit]
            wanted *= 4

    def retrieve(
        self,
        point_ids: Sequence[str],
        *,
        keys: Sequence[str] | None = None,
        with_vectors: bool = False,
    ) -> dict[str, Record]:
        """Return {id: record} of those of ``point_ids`` that exist."""
        found = _guarded(
            self._shard.retrieve,
            list(point_ids),
            True if keys is None else list(keys),
            with_vectors,
        )
        return {str(r.id): Record(str(r.id), r.payload or {}, r.vector or {}) for r in found}

    def scroll(
        self,
        filter_: Filter | None = None,
        *,
        keys: Sequence[str] | None = None,
        with_vectors: bool = False,
        page_size: int = 1000,
    ) -> Iterator[Record]:
        """Iterate over the points that satisfy a filter, in the order of their ids."""
        offset = None
        while True:
            request = edge.ScrollRequest(
                offset=offset,
                limit=page_size,
                filter=to_edge(filter_) if filter_ else None,
                with_payload=True if keys is None else list(keys),
                with_vector=with_vectors,
            )
            page, offset = _guarded(self._shard.scroll, request)
            for found in page:
                yield Record(str(found.id), found.payload or {}, found.vector or {})
            if offset is None:
                return

    def count_works(self, filter_: Filter | None = None) -> int:
        """Return how many artworks have a point that satisfies a filter.

        Only works with several images say which view an image is, and only these are looked
        through.
        """
        only: list[Condition] = [filter_] if filter_ else []
        several = filters.all_of([*only, filters.has_term("view", VIEWS)])
        images = self.count(several)
        if not images:
            return self.count(filter_)
        return self.count(filter_) - images + len(self.facet("id", limit=images, filter_=several))

    def count(self, filter_: Filter | None = None) -> int:
        """Return how many points satisfy a filter; without one, how many there are."""
        request = edge.CountRequest(exact=True, filter=to_edge(filter_) if filter_ else None)
        return int(_guarded(self._shard.count, request))

    def facet(
        self, key: str, *, limit: int = 10, filter_: Filter | None = None
    ) -> list[tuple[str, int]]:
        """Return the commonest values of an indexed keyword key as (value, count)."""
        request = edge.FacetRequest(
            key=key, limit=limit, exact=True, filter=to_edge(filter_) if filter_ else None
        )
        hits = _guarded(self._shard.facet, request).hits
        return sorted(((str(hit.value), hit.count) for hit in hits), key=lambda v: (-v[1], v[0]))

    # Leaving

    def close(self) -> None:
        """Write what is pending, record the files' sizes, and give the store free."""
        try:
            if self._writing:
                _guarded(self._shard.flush)
            _guarded(self._shard.close)
            if self._writing:
                self.manifest = self.manifest.with_files(self.folder / SHARD_NAME)
                self.manifest.save(self.folder)
        finally:
            self._owner.release()

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


def _first_of_each(hits: Sequence[Hit], key: str) -> list[Hit]:
    """Return the first hit of each value of ``key``; one without it stands for itself."""
    first: dict[Any, Hit] = {}
    for hit in hits:
        first.setdefault(hit.payload.get(key, hit.id), hit)
    return list(first.values())


def _unit(vector: Sequence[float], name: str) -> list[float]:
    """Return ``vector`` with length 1; the engine would square its length in 32 bits.

    Raises:
        StoreError: it is zero or not finite.
    """
    length = math.hypot(*vector)
    if not math.isfinite(length) or length == 0:
        raise StoreError(
            f"{name} is zero or not finite and has no direction; embed the image again"
        )
    if abs(length - 1) < 1e-3:
        return list(vector)
    return [value / length for value in vector]


def _guarded(call: Any, *arguments: Any) -> Any:
    """Return ``call(*arguments)``, with the engine's errors as StoreError.

    The engine raises plain ``Exception`` for all that goes wrong in it; subclasses are ours or
    Python's, and pass.
    """
    try:
        return call(*arguments)
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise StoreError(f"the embedded engine refused: {error}") from error
