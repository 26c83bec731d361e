"""A collection on a Qdrant server or cluster, through qdrant-client.

Writes wait until they are applied (``wait``), so that acknowledged points are stored and found by
the next search. With replicas, more than half of them acknowledge a write, and a read asks one
(docs/decisions/0013-server-writes.md).
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from qdrant_client import QdrantClient, models

from artextract.errors import StoreError, StoreMismatchError
from artextract.store import schema
from artextract.store.base import (
    ACORN_SHARE,
    IDS_A_REQUEST,
    RECORDS_A_REQUEST,
    NearestRequest,
    Store,
    by_count,
)
from artextract.store.calls import Calls
from artextract.store.connection import connect
from artextract.store.filters import Filter
from artextract.store.location import Location
from artextract.store.manifest import Manifest
from artextract.store.records import Hit, Point, Record

_T = TypeVar("_T")

_KEY = "artextract"
"""Key of the manifest in the collection's metadata."""

_LEAST_VERSION = (1, 16)
"""The first version with metadata of collections."""

_POINTS_A_REQUEST = 64

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
WRITE_SECONDS = 300.0
"""How long calls are retried: the first one of a command, those of a command that reads, and those
of one that writes, which may have been running for hours."""


class ServerStore(Store):
    """A collection of a Qdrant server; several processes may use it at once."""

    def __init__(
        self, location: Location, client: QdrantClient | None, patience_seconds: float
    ) -> None:
        """Use ``client``, or a new one; :meth:`create`, :meth:`load` and :meth:`find` open it."""
        self.location = str(location)
        self._url, self._name = location.address
        self._client = client or connect(location)
        self._call = Calls(location.server, min(CONNECT_SECONDS, patience_seconds))
        self._patience_seconds = patience_seconds
        self._writing = False

    @classmethod
    def load(cls, location: Location, patience_seconds: float = READ_SECONDS) -> "ServerStore":
        """Open an existing collection.

        Raises:
            UnavailableError: the server does not answer.
            StoreError: there is no such collection, artextract did not make it, or the server's
                version is not supported.
        """
        store = cls(location, None, patience_seconds)
        store._check_version()
        if not store._exists():
            raise StoreError(
                f"the Qdrant server at {store._url} has no collection {store._name!r}; make it "
                f"with `artextract ingest`, or name another `store`, {store._url}/NAME"
            )
        return store._open()

    @classmethod
    def find(cls, location: Location) -> "ServerStore | None":
        """Open the collection; return None if there is none or it was never finished."""
        store = cls(location, None, READ_SECONDS)
        if not store._exists() or store._metadata() is None:
            return None
        store._check_version()
        return store._open()

    @classmethod
    def create(
        cls,
        location: Location,
        manifest: Manifest,
        client: QdrantClient | None = None,
        *,
        patience_seconds: float = WRITE_SECONDS,
    ) -> "ServerStore":
        """Make a collection, unless it exists, and open it.

        The manifest is written last: a collection without one is unfinished, and the next call
        finishes it.

        Raises:
            StoreMismatchError: there is a collection of that name that artextract did not make.
        """
        store = cls(location, client, patience_seconds)
        store._check_version()
        store._call.patience_seconds = patience_seconds
        if not store._exists():
            store._call(_create_once, store._client, store._name, manifest)
        if store._metadata() is None:
            info = store._info()
            store._check_unfinished(info, manifest.vectors)
            for key, kind in _INDEXES.items():
                if key not in info.payload_schema:
                    store._call(
                        store._client.create_payload_index, store._name, key, kind, wait=True
                    )
            store.manifest = manifest
            store._revise()
        return store._open()

    def _open(self) -> "ServerStore":
        kept = self._metadata()
        if kept is None:
            raise StoreError(
                f"collection {self._name!r} of {self._url} was not made by artextract, or its "
                "creation was cut off; name another `store`, or run the ingest that makes it again"
            )
        try:
            self.manifest = Manifest.from_dict(kept, self.location)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"the metadata of collection {self._name!r} of {self._url} are damaged ({error}); "
                "restore a snapshot, or ingest into another collection"
            ) from error
        self._call.patience_seconds = self._patience_seconds
        return self

    def _exists(self) -> bool:
        return self._call(self._client.collection_exists, self._name)

    def _metadata(self) -> Any:
        return (self._info().config.metadata or {}).get(_KEY)

    def _check_version(self) -> None:
        version = self._call(self._client.info).version
        try:
            major, minor = (int(part) for part in version.split(".")[:2])
        except ValueError:
            raise StoreError(
                f"the server at {self._url} reports version {version!r}, which is not a version of "
                "Qdrant; correct the address"
            ) from None
        if major != _LEAST_VERSION[0] or (major, minor) < _LEAST_VERSION:
            raise StoreError(
                f"the Qdrant server at {self._url} has version {version}, and "
                f"{'.'.join(map(str, _LEAST_VERSION))} or a later {_LEAST_VERSION[0]}.x is needed; "
                "upgrade it (https://qdrant.tech/documentation/upgrades)"
            )

    def _check_unfinished(self, info: models.CollectionInfo, vectors: Mapping[str, int]) -> None:
        """Check that a collection without a manifest was begun by artextract."""
        params = info.config.params.vectors
        sizes = {key: each.size for key, each in params.items()} if isinstance(params, dict) else {}
        if info.points_count or sizes != dict(vectors):
            raise StoreMismatchError(
                f"collection {self._name!r} of {self._url} was not made by artextract "
                f"({info.points_count or 0} points, vectors {sizes or 'without a name'}, no "
                f"metadata of artextract); name another `store`, {self._url}/NAME"
            )

    # Writing

    def upsert(self, points: Sequence[Point]) -> None:
        rows = []
        for point in points:
            vectors, payload = self._checked(point)
            rows.append(models.PointStruct(id=point.id, vector={**vectors}, payload=payload))
        self._begin_writing()
        for part in _parts(rows, _POINTS_A_REQUEST):
            self._call(self._client.upsert, self._name, part, wait=True)

    def overwrite_payload(self, point_id: str, payload: Mapping[str, Any]) -> None:
        self._begin_writing()
        self._call(self._client.overwrite_payload, self._name, dict(payload), [point_id], wait=True)

    def delete(self, point_ids: Sequence[str]) -> None:
        self._begin_writing()
        for part in _parts(point_ids, IDS_A_REQUEST):
            self._call(self._client.delete, self._name, part, wait=True)

    def optimize(self) -> bool:
        return False

    def settle(self) -> None:
        while self._info().status != models.CollectionStatus.GREEN:
            time.sleep(0.5)

    def _begin_writing(self) -> None:
        if not self._writing:
            self._revise()
            self._writing = True

    def refresh(self) -> bool:
        before, self.manifest = self.manifest, Manifest.from_dict(self._metadata(), self.location)
        return self.manifest.revision != before.revision

    def _revise(self) -> None:
        """Change the revision, so that copies of the collection are known to be out of date."""
        self.manifest = self.manifest.revised()
        self._call(
            self._client.update_collection, self._name, metadata={_KEY: self.manifest.to_dict()}
        )

    # Reading

    def nearest(self, request: NearestRequest) -> list[Hit]:
        rescoring = self._rescoring(request)
        found = self._call(
            self._client.query_points,
            self._name,
            query=list(request.unit),
            using=request.aspect,
            query_filter=_to_filter(request.filter_),
            search_params=models.SearchParams(
                hnsw_ef=request.effort,
                quantization=models.QuantizationSearchParams(**rescoring) if rescoring else None,
                acorn=models.AcornSearchParams(enable=request.acorn, max_selectivity=ACORN_SHARE),
            ),
            limit=request.limit,
            with_payload=_to_selector(request.keys),
            score_threshold=request.min_score,
        )
        return [Hit(str(point.id), point.score, point.payload or {}) for point in found.points]

    def _retrieve(
        self, point_ids: Sequence[str], keys: Sequence[str] | None, with_vectors: bool
    ) -> Iterable[Record]:
        rows = self._call(
            self._client.retrieve,
            self._name,
            point_ids,
            with_payload=_to_selector(keys),
            with_vectors=with_vectors,
        )
        return map(_to_record, rows)

    def _page(
        self,
        filter_: Filter | None,
        keys: Sequence[str] | None,
        with_vectors: bool,
        size: int,
        offset: Any,
    ) -> tuple[Iterable[Record], Any]:
        rows, following = self._call(
            self._client.scroll,
            self._name,
            scroll_filter=_to_filter(filter_),
            limit=min(size, RECORDS_A_REQUEST) if with_vectors else size,
            offset=offset,
            with_payload=_to_selector(keys),
            with_vectors=with_vectors,
        )
        return map(_to_record, rows), following

    def count(self, filter_: Filter | None = None) -> int:
        only = _to_filter(filter_)
        return self._call(self._client.count, self._name, count_filter=only, exact=True).count

    def facet(
        self, key: str, *, limit: int = 10, filter_: Filter | None = None
    ) -> list[tuple[str, int]]:
        found = self._call(
            self._client.facet,
            self._name,
            key,
            facet_filter=_to_filter(filter_),
            limit=limit,
            exact=True,
        )
        return by_count(found.hits)

    def describe(self) -> list[tuple[str, str]]:
        info = self._info()
        layout = self.manifest.layout
        version = self._call(self._client.info).version
        return [
            ("server", f"Qdrant {version} at {self._url}, collection {self._name!r}"),
            ("status", f"{info.status.value}, {info.indexed_vectors_count or 0} vectors in graphs"),
            ("layout", f"{layout.shards} shards, {layout.replicas} replicas, "
                       f"quantisation {layout.quantization}"),
        ]  # fmt: skip

    def _info(self) -> models.CollectionInfo:
        return self._call(self._client.get_collection, self._name)

    # Leaving

    def close(self) -> None:
        """Change the revision after writing, and close the connection."""
        try:
            if self._writing:
                self._revise()
        finally:
            self._client.close()


_NUMBERS = models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=False, range=True)
_INDEXES: dict[str, Any] = {
    **dict.fromkeys(schema.KEYWORD_KEYS, models.PayloadSchemaType.KEYWORD),
    **dict.fromkeys(schema.INTEGER_KEYS, _NUMBERS),
}


def _create_once(client: QdrantClient, name: str, manifest: Manifest) -> None:
    """Make the collection, unless an earlier attempt did whose answer was lost."""
    if client.collection_exists(name):
        return
    layout = manifest.layout
    client.create_collection(
        name,
        vectors_config={
            aspect: models.VectorParams(
                size=size, distance=models.Distance.COSINE, on_disk=layout.on_disk
            )
            for aspect, size in manifest.vectors.items()
        },
        hnsw_config=models.HnswConfigDiff(m=layout.hnsw_m, ef_construct=layout.hnsw_ef_construct),
        quantization_config=_QUANTIZATIONS[layout.quantization],
        shard_number=layout.shards,
        replication_factor=layout.replicas,
        write_consistency_factor=layout.replicas // 2 + 1,
        on_disk_payload=True,
    )


_QUANTIZATIONS: dict[str, models.QuantizationConfig | None] = {
    "none": None,
    "int8": models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(
            type=models.ScalarType.INT8, quantile=0.99, always_ram=True
        )
    ),
    "binary": models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True)),
}


def _parts(values: Sequence[_T], size: int) -> Iterator[list[_T]]:
    for first in range(0, len(values), size):
        yield list(values[first : first + size])


def _to_filter(filter_: Filter | None) -> models.Filter | None:
    return models.Filter.model_validate(filter_) if filter_ else None


def _to_selector(keys: Sequence[str] | None) -> bool | list[str]:
    return True if keys is None else (list(keys) or False)


def _to_record(row: models.Record) -> Record:
    vectors: Any = row.vector or {}
    return Record(str(row.id), row.payload or {}, vectors)
