"""A collection on a Qdrant server or cluster, through qdrant-client.

Writes wait until they are applied (``wait``), so that acknowledged points are stored and found by
the next search. With replicas, more than half of them acknowledge a write, and a read asks one
(docs/decisions/0013-server-writes.md).
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from qdrant_client import QdrantClient, models

from artextract.errors import StoreError, StoreMismatchError
from artextract.store import schema
from artextract.store.base import ACORN_SHARE, EFFORT, Store
from artextract.store.calls import Calls
from artextract.store.filters import Filter
from artextract.store.layout import Layout
from artextract.store.location import Location
from artextract.store.manifest import Manifest
from artextract.store.records import Hit, Point, Record

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_KEY = "artextract"
"""Key of the manifest in the collection's metadata."""

_LEAST_VERSION = (1, 16)
"""The first version with metadata of collections."""

_POINTS_A_REQUEST = 64
_IDS_A_REQUEST = 1000
_PAGE_WITH_VECTORS = 250

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
WRITE_SECONDS = 300.0
"""How long calls are retried: the first one of a command, those of a command that reads, and those
of one that writes, which may have been running for hours."""


def connect(location: Location) -> QdrantClient:
    """Return a client for the server of ``location``; nothing is sent yet.

    Raises:
        StoreError: the address is not valid.
    """
    url, _ = location.address
    if location.api_key and url.startswith("http://") and not location.is_near:
        _log.warning("The API key goes to %s unencrypted; use https:// where you can.", url)
    return QdrantClient(
        url=url,
        headers={"api-key": location.api_key} if location.api_key else None,
        prefer_grpc=location.grpc,
        timeout=location.timeout_seconds,
        check_compatibility=False,  # _check_version does, with a clear error
    )


class ServerStore(Store):
    """A collection of a Qdrant server; several processes may use it at once."""

    def __init__(
        self, location: Location, client: QdrantClient, manifest: Manifest, calls: Calls
    ) -> None:
        """Use ``client``; :meth:`create` and :meth:`load` make stores."""
        self.location = str(location)
        self.manifest = manifest
        self._url, self._name = location.address
        self._client = client
        self._call = calls
        self._writing = False

    @classmethod
    def load(
        cls,
        location: Location,
        client: QdrantClient | None = None,
        *,
        patience_seconds: float = READ_SECONDS,
    ) -> "ServerStore":
        """Open an existing collection.

        Raises:
            UnavailableError: the server does not answer.
            StoreError: there is no such collection, artextract did not make it, or the server's
                version is not supported.
        """
        url, name = location.address
        client = client or connect(location)
        calls = Calls(url, min(CONNECT_SECONDS, patience_seconds))
        _check_version(url, calls(client.info).version)
        if not calls(client.collection_exists, name):
            raise StoreError(
                f"the Qdrant server at {url} has no collection {name!r}; make it with `artextract "
                f"ingest`, or name another `store`, {url}/NAME"
            )
        kept = (calls(client.get_collection, name).config.metadata or {}).get(_KEY)
        if kept is None:
            raise StoreError(
                f"collection {name!r} of {url} was not made by artextract, or its creation was "
                "cut off; name another `store`, or run the ingest that makes it again"
            )
        try:
            manifest = Manifest.from_dict(kept, str(location))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"the metadata of collection {name!r} of {url} are damaged ({error}); restore a "
                "snapshot, or ingest into another collection"
            ) from error
        calls.patience_seconds = patience_seconds
        return cls(location, client, manifest, calls)

    @classmethod
    def find(cls, location: Location, client: QdrantClient | None = None) -> "ServerStore | None":
        """Open the collection; return None if there is none or it was never finished."""
        url, name = location.address
        client = client or connect(location)
        calls = Calls(url, CONNECT_SECONDS)
        if not calls(client.collection_exists, name):
            return None
        unfinished = (calls(client.get_collection, name).config.metadata or {}).get(_KEY) is None
        return None if unfinished else cls.load(location, client)

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
        url, name = location.address
        client = client or connect(location)
        calls = Calls(url, min(CONNECT_SECONDS, patience_seconds))
        _check_version(url, calls(client.info).version)
        calls.patience_seconds = patience_seconds
        manifest = manifest.revised()
        if not calls(client.collection_exists, name):
            calls(_create_once, client, name, manifest)
        info = calls(client.get_collection, name)
        if (info.config.metadata or {}).get(_KEY) is None:
            _check_unfinished(url, name, info, manifest.vectors)
            for key, kind in _INDEXES.items():
                if key not in info.payload_schema:
                    calls(client.create_payload_index, name, key, kind, wait=True)
            calls(client.update_collection, name, metadata={_KEY: manifest.to_dict()})
        return cls.load(location, client, patience_seconds=patience_seconds)

    # Writing

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points; see :meth:`Store.upsert`.

        Raises:
            UnavailableError: the server does not answer; acknowledged batches are kept.
        """
        rows = []
        for point in points:
            vectors, payload = self._checked(point)
            rows.append(models.PointStruct(id=point.id, vector={**vectors}, payload=payload))
        self._begin_writing()
        for part in _parts(rows, _POINTS_A_REQUEST):
            self._call(self._client.upsert, self._name, part, wait=True)

    def overwrite_payload(self, point_id: str, payload: Mapping[str, Any]) -> None:
        """Give a point another payload and leave its vectors."""
        self._begin_writing()
        self._call(self._client.overwrite_payload, self._name, dict(payload), [point_id], wait=True)

    def delete(self, point_ids: Sequence[str]) -> None:
        """Delete those of the points that exist."""
        self._begin_writing()
        for part in _parts(point_ids, _IDS_A_REQUEST):
            self._call(self._client.delete, self._name, part, wait=True)

    def optimize(self) -> bool:
        """Do nothing: the server optimises in the background."""
        return False

    def settle(self) -> None:
        """Wait until the server has nothing left to optimise."""
        while self._info().status != models.CollectionStatus.GREEN:
            time.sleep(0.5)

    def _begin_writing(self) -> None:
        if not self._writing:
            self._revise()
            self._writing = True

    def refresh(self) -> bool:
        """Return whether another process has written since the last call."""
        kept = (self._call(self._client.get_collection, self._name).config.metadata or {})[_KEY]
        before, self.manifest = self.manifest, Manifest.from_dict(kept, str(self.location))
        return self.manifest.revision != before.revision

    def _revise(self) -> None:
        """Change the revision, so that copies of the collection are known to be out of date."""
        self.manifest = self.manifest.revised()
        self._call(
            self._client.update_collection, self._name, metadata={_KEY: self.manifest.to_dict()}
        )

    # Reading

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
        """Return the server's hits; see :meth:`Store.nearest`."""
        times = self._oversampling(oversampling)
        found = self._call(
            self._client.query_points,
            self._name,
            query=list(unit),
            using=aspect,
            query_filter=_to_filter(filter_),
            search_params=models.SearchParams(
                hnsw_ef=effort,
                quantization=None
                if times is None
                else models.QuantizationSearchParams(rescore=times > 0, oversampling=times or None),
                acorn=models.AcornSearchParams(enable=acorn, max_selectivity=ACORN_SHARE),
            ),
            limit=limit,
            with_payload=_to_selector(keys),
            score_threshold=min_score,
        )
        return [Hit(str(point.id), point.score, point.payload or {}) for point in found.points]

    def retrieve(
        self,
        point_ids: Sequence[str],
        *,
        keys: Sequence[str] | None = None,
        with_vectors: bool = False,
    ) -> dict[str, Record]:
        """Return {id: record} of those of ``point_ids`` that exist."""
        found: dict[str, Record] = {}
        for part in _parts(point_ids, _PAGE_WITH_VECTORS if with_vectors else _IDS_A_REQUEST):
            rows = self._call(
                self._client.retrieve,
                self._name,
                part,
                with_payload=_to_selector(keys),
                with_vectors=with_vectors,
            )
            found |= {str(row.id): _to_record(row) for row in rows}
        return found

    def scroll(
        self,
        filter_: Filter | None = None,
        *,
        keys: Sequence[str] | None = None,
        with_vectors: bool = False,
        page_size: int = 1000,
        after: str | None = None,
    ) -> Iterator[Record]:
        """Iterate over the points that satisfy a filter, in the order of their ids."""
        offset: Any = after
        while True:
            page, offset = self._call(
                self._client.scroll,
                self._name,
                scroll_filter=_to_filter(filter_),
                limit=min(page_size, _PAGE_WITH_VECTORS) if with_vectors else page_size,
                offset=offset,
                with_payload=_to_selector(keys),
                with_vectors=with_vectors,
            )
            for row in page:
                if str(row.id) != after:
                    yield _to_record(row)
            if offset is None:
                return

    def count(self, filter_: Filter | None = None) -> int:
        """Return how many points satisfy a filter; without one, how many there are."""
        found = self._call(
            self._client.count, self._name, count_filter=_to_filter(filter_), exact=True
        )
        return found.count

    def facet(
        self, key: str, *, limit: int = 10, filter_: Filter | None = None
    ) -> list[tuple[str, int]]:
        """Return the most frequent values of an indexed keyword key as (value, count)."""
        found = self._call(
            self._client.facet,
            self._name,
            key,
            facet_filter=_to_filter(filter_),
            limit=limit,
            exact=True,
        )
        return sorted(((str(hit.value), hit.count) for hit in found.hits),
                      key=lambda value: (-value[1], value[0]))  # fmt: skip

    def disk_bytes(self) -> None:
        """Return None: the server does not report it."""
        return

    def describe(self) -> list[tuple[str, str]]:
        """Return the server's version, status and layout as (label, text)."""
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
        quantization_config=_quantization(layout),
        shard_number=layout.shards,
        replication_factor=layout.replicas,
        write_consistency_factor=layout.replicas // 2 + 1,
        on_disk_payload=True,
    )


def _quantization(layout: Layout) -> models.QuantizationConfig | None:
    if layout.quantization == "int8":
        return models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(
                type=models.ScalarType.INT8, quantile=0.99, always_ram=True
            )
        )
    if layout.quantization == "binary":
        return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
    return None


def _check_unfinished(
    url: str, name: str, info: models.CollectionInfo, vectors: Mapping[str, int]
) -> None:
    """Check that a collection without a manifest was begun by artextract.

    Raises:
        StoreMismatchError: it has points, or other vectors.
    """
    params = info.config.params.vectors
    sizes = {key: each.size for key, each in params.items()} if isinstance(params, dict) else {}
    if info.points_count or sizes != dict(vectors):
        raise StoreMismatchError(
            f"collection {name!r} of {url} was not made by artextract ({info.points_count or 0} "
            f"points, vectors {sizes or 'without a name'}, no metadata of artextract); name "
            f"another `store`, {url}/NAME"
        )


def _check_version(url: str, version: str) -> None:
    """Check that this release supports the server's version.

    Raises:
        StoreError: it is too old, or of another major version.
    """
    try:
        major, minor = (int(part) for part in version.split(".")[:2])
    except ValueError:
        raise StoreError(
            f"the server at {url} reports version {version!r}, which is not a version of Qdrant; "
            "correct the address"
        ) from None
    if major != _LEAST_VERSION[0] or (major, minor) < _LEAST_VERSION:
        least = ".".join(map(str, _LEAST_VERSION))
        raise StoreError(
            f"the Qdrant server at {url} has version {version}, and {least} or a later "
            f"{_LEAST_VERSION[0]}.x is needed; upgrade it (https://qdrant.tech/documentation/upgrades)"
        )


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
