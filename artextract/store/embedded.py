"""A collection in a folder: Qdrant's engine (qdrant-edge) in this process.

Vectors are passed to the engine as lists, which is five times as fast as numpy rows.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from artextract.errors import StoreError
from artextract.store import schema
from artextract.store.base import FULL_SCAN_KB, INDEXING_KB, NearestRequest, Store, by_count
from artextract.store.edge_filter import to_edge
from artextract.store.filters import Filter
from artextract.store.manifest import Manifest
from artextract.store.owner import Owner
from artextract.store.records import Hit, Point, Record
from artextract.store.space import SpaceGuard

SHARD_NAME = "shard"


class EmbeddedStore(Store):
    """A collection in a folder, owned by this process until :meth:`close`."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        shard: edge.EdgeShard,
        owner: Owner,
        space: SpaceGuard,
        *,
        read_only: bool = False,
    ) -> None:
        self.location = str(folder)
        self.folder = folder
        self.manifest = manifest
        self._shard = shard
        self._owner = owner
        self._writing = False
        self._revised = False
        self._space = space
        self._read_only = read_only

    @classmethod
    def create(cls, folder: Path, manifest: Manifest, owner: Owner) -> "EmbeddedStore":
        """Make an empty collection; ``owner`` must hold ``folder``."""
        layout = manifest.layout
        if (layout.shards, layout.replicas) != (1, 1):
            raise StoreError(
                f"an embedded store has one shard and one replica, not {layout.shards} and "
                f"{layout.replicas}; name a server as `store` http://HOST:6333/COLLECTION"
            )
        config = edge.EdgeConfig(
            vectors={
                # Cold: a command reads the pages it needs, not all vectors when it opens.
                name: edge.EdgeVectorParams(
                    size=size,
                    distance=edge.Distance.Cosine,
                    memory=edge.Memory.Cold if layout.on_disk else edge.Memory.Cached,
                    quantization_config=_QUANTIZATIONS[layout.quantization_of(size)](),
                )
                for name, size in manifest.vectors.items()
            },
            hnsw_config=edge.HnswIndexConfig(
                m=layout.hnsw_m,
                ef_construct=layout.hnsw_ef_construct,
                full_scan_threshold=FULL_SCAN_KB,
            ),
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=INDEXING_KB),
        )
        path = folder / SHARD_NAME
        if path.exists():  # from a creation that was cut off, before the manifest
            shutil.rmtree(path)
        space = SpaceGuard(path, len(manifest.vectors))
        space.check()
        path.mkdir()
        shard = _guarded(edge.EdgeShard.create, str(path), config)
        store = cls(folder, manifest, shard, owner, space)
        store._make_indexes()
        _guarded(shard.flush)
        manifest.save(folder)
        return store

    @classmethod
    def load(cls, folder: Path, owner: Owner, *, copy: Path | None = None) -> "EmbeddedStore":
        """Open an existing collection; ``owner`` must hold ``folder``.

        A collection that can't be written to is read from ``copy``, which ``owner`` then holds.
        """
        place = copy or folder
        manifest = Manifest.load(place)
        manifest.check_files(place / SHARD_NAME)
        space = SpaceGuard(place / SHARD_NAME)
        space.check()
        shard = _guarded(edge.EdgeShard.load, str(place / SHARD_NAME))
        return cls(folder, manifest, shard, owner, space, read_only=copy is not None)

    # Writing

    def upsert(self, points: Sequence[Point]) -> None:
        rows = []
        for point in points:
            vectors, payload = self._checked(point)
            rows.append(edge.Point(id=point.id, vector={**vectors}, payload=payload))
        self._begin_writing()
        _guarded(self._shard.update, edge.UpdateOperation.upsert_points(rows))

    def overwrite_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        self._begin_writing()
        for point_id, payload in payloads.items():
            operation = edge.UpdateOperation.overwrite_payload([point_id], dict(payload))
            _guarded(self._shard.update, operation)

    def add_indexes(self) -> None:
        self._begin_writing(changes=False)
        self._make_indexes()

    def _make_indexes(self) -> None:
        for key in schema.indexed("everywhere"):
            kind = _INDEXES[key.index]
            _guarded(self._shard.update, edge.UpdateOperation.create_field_index(key.name, kind))

    def set_format(self, format_: int) -> None:
        self._begin_writing()
        _guarded(self._shard.flush)
        self.manifest = replace(self.manifest, format=format_)
        self.manifest.save(self.folder)

    def delete(self, point_ids: Sequence[str]) -> None:
        self._begin_writing()
        operation = edge.UpdateOperation.delete_points(list(point_ids))
        _guarded(self._shard.update, operation)

    def optimize(self) -> bool:
        """Merge segments and build the graph where one is due; return whether anything was done.

        Other Python threads wait meanwhile: the engine holds the interpreter's lock.

        Raises:
            StoreFullError: there is too little space to build it. The store is unchanged.
        """
        vectors = self.count() * 4 * sum(self.manifest.vectors.values())
        self._space.check(2 * vectors)
        self._begin_writing(changes=False)
        return bool(_guarded(self._shard.optimize))

    def settle(self, on_wait: Callable[[str], None] = lambda text: None) -> None:
        self.optimize()

    def _begin_writing(self, *, changes: bool = True) -> None:
        """Mark the manifest as being written to, if the disk has enough space.

        ``changes``: points change too, so that copies of the collection are out of date.
        """
        if self._read_only:
            raise StoreError(
                f"store {self.location} can't be written to; check the folder's permissions, or "
                "use another `store`"
            )
        self._space.check()
        if changes and not self._revised:
            self.manifest = self.manifest.revised()
            self._revised = True
        if changes:
            self._points = None
        elif self._writing:
            return
        self.manifest = replace(self.manifest, files=None)
        self.manifest.save(self.folder)
        self._writing = True

    # Reading

    def nearest(self, request: NearestRequest) -> list[Hit]:
        rescoring = self._rescoring(request)
        query = edge.QueryRequest(
            limit=request.limit,
            query=edge.Query.Nearest(list(request.unit), using=request.aspect),
            filter=_to_filter(request.filter_),
            score_threshold=request.min_score,
            params=edge.SearchParams(
                hnsw_ef=self._effort(request),
                quantization=edge.QuantizationSearchParams(**rescoring) if rescoring else None,
                acorn=edge.AcornSearchParams(enable=request.acorn, max_selectivity=1.0),
            ),
            with_payload=_to_selector(request.keys),
        )
        found = _guarded(self._shard.query, query)
        return [Hit(str(point.id), point.score, point.payload or {}) for point in found]

    def _retrieve(
        self, point_ids: Sequence[str], keys: Sequence[str] | None, with_vectors: bool
    ) -> Iterable[Record]:
        return map(
            _to_record,
            _guarded(self._shard.retrieve, list(point_ids), _to_selector(keys), with_vectors),
        )

    def _page(
        self,
        filter_: Filter | None,
        keys: Sequence[str] | None,
        with_vectors: bool,
        size: int,
        offset: Any,
    ) -> tuple[Iterable[Record], Any]:
        request = edge.ScrollRequest(
            offset=offset,
            limit=size,
            filter=_to_filter(filter_),
            with_payload=_to_selector(keys),
            with_vector=with_vectors,
        )
        rows, following = _guarded(self._shard.scroll, request)
        return map(_to_record, rows), following

    def count(self, filter_: Filter | None = None) -> int:
        request = edge.CountRequest(exact=True, filter=_to_filter(filter_))
        return int(_guarded(self._shard.count, request))

    def _estimate_points(self) -> int:
        return int(_guarded(self._shard.info).points_count)

    def facet(
        self, key: str, *, limit: int = 10, filter_: Filter | None = None
    ) -> list[tuple[str, int]]:
        request = edge.FacetRequest(key=key, limit=limit, exact=True, filter=_to_filter(filter_))
        return by_count(_guarded(self._shard.facet, request).hits)

    def disk_bytes(self) -> int:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return sum(path.stat().st_blocks * 512 for path in files)

    def describe(self) -> list[tuple[str, str]]:
        return [
            ("engine", f"qdrant-edge {version('qdrant-edge-py')}, in this process"),
            ("layout", str(self.manifest.layout)),
        ]

    # Leaving

    def close(self) -> None:
        """Write what is pending, record the files' sizes, and release the store."""
        try:
            if self._writing:
                _guarded(self._shard.flush)
            _guarded(self._shard.close)
            if self._writing:
                self.manifest = self.manifest.with_files(self.folder / SHARD_NAME)
                self.manifest.save(self.folder)
        finally:
            self._owner.release()


_INDEXES: Mapping[str | None, Any] = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.IntegerIndexParams(lookup=False, range=True),
}
_QUANTIZATIONS: Mapping[str, Any] = {
    "none": lambda: None,
    "int8": lambda: edge.ScalarQuantizationConfig(type=edge.ScalarType.Int8, quantile=0.99),
    "binary": lambda: edge.BinaryQuantizationConfig(),
}


def _to_filter(filter_: Filter | None) -> edge.Filter | None:
    return to_edge(filter_) if filter_ else None


def _to_selector(keys: Sequence[str] | None) -> Any:
    return True if keys is None else list(keys)


def _to_record(row: Any) -> Record:
    return Record(str(row.id), row.payload or {}, row.vector or {})


def _guarded(call: Any, *arguments: Any) -> Any:
    """Return ``call(*arguments)``; raise the engine's errors as StoreError.

    The engine raises plain ``Exception`` for all its errors; subclasses come from elsewhere.
    """
    try:
        return call(*arguments)
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise StoreError(f"the embedded engine refused: {error}") from error
