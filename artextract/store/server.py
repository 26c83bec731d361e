"""A collection on a Qdrant server or cluster, through qdrant-client.

Writes wait until they are applied (``wait``), so that acknowledged points are stored and found by
the next search. With replicas, more than half of them acknowledge a write, and a read asks one; an
ingest asks all of them what is stored already (docs/decisions/0013-server-writes.md).
"""

import logging
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from qdrant_client import grpc, models

from artextract.errors import StoreError, StoreMismatchError, UnavailableError
from artextract.store import filters, schema
from artextract.store.base import (
    FULL_SCAN_KB,
    IDS_A_REQUEST,
    INDEXING_KB,
    RECORDS_A_REQUEST,
    NearestRequest,
    Store,
    by_count,
)
from artextract.store.calls import Calls, Refused
from artextract.store.connection import connect
from artextract.store.filters import Filter
from artextract.store.location import Location
from artextract.store.manifest import Manifest
from artextract.store.records import Hit, Point, Record

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_KEY = "artextract"
"""Key of the manifest in the collection's metadata."""

_REVISION_ID = str(uuid.uuid5(uuid.NAMESPACE_URL, "artextract/revision"))
"""Id of the point without vectors that holds the revision where a writer may not change metadata.
It is no artwork: it is neither counted nor listed."""

_REVISION_KEY = "artextract_revision"

_LEAST_VERSION = (1, 16)
"""The first version with metadata of collections."""

_POINTS_A_REQUEST = 64

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
WRITE_SECONDS = 300.0
"""How long calls are retried: the first one of a command, those of a command that reads, and those
of one that writes, which may have been running for hours."""

_SYNC_SECONDS = 1.0
"""How long a reader waits for the manifest of an empty collection, which may be being made."""

_POLL_SECONDS = 0.1
_PROGRESS_SECONDS = 5.0

_INACTIVE = ("enough active replicas", "read operations failed")
"""Parts of the messages that a replica which was to be read is being restored, or is down."""


class ServerStore(Store):
    """A collection of a Qdrant server; several processes may use it at once."""

    def __init__(self, location: Location, patience_seconds: float) -> None:
        """Connect; :meth:`create`, :meth:`load` and :meth:`find` open the collection."""
        self.location = str(location)
        self._url, self._name = location.address
        self._client = connect(location)
        self._grpc = location.grpc
        self._call = Calls(location.server, min(CONNECT_SECONDS, patience_seconds))
        self._patience_seconds = patience_seconds
        self._writing = False
        self._may_update_metadata = True
        self._has_revision_point = False
        self._reads_all_replicas = True
        self._most = sys.maxsize
        """The largest limit that the collection's strict mode allows."""

    @classmethod
    def load(cls, location: Location, patience_seconds: float = READ_SECONDS) -> "ServerStore":
        """Open an existing collection.

        Raises:
            UnavailableError: the server does not answer.
            StoreError: there is no such collection, artextract did not make it, or the server's
                version is not supported.
        """
        store = cls(location, patience_seconds)
        store._check_version()
        info = store._info()
        if info is None:
            raise StoreError(
                f"the Qdrant server at {store._url} has no collection {store._name!r}; make it "
                f"with `artextract ingest`, or name another `store`, {store._url}/NAME"
            )
        return store._open(info)

    @classmethod
    def find(cls, location: Location) -> "ServerStore | None":
        """Open the collection; return None if there is none or it was never finished."""
        store = cls(location, READ_SECONDS)
        store._check_version()
        info = store._info()
        if info is None or store._read_metadata(info) is None:
            return None
        return store._open(info)

    @classmethod
    def create(
        cls,
        location: Location,
        manifest: Manifest,
        *,
        patience_seconds: float = WRITE_SECONDS,
    ) -> "ServerStore":
        """Make a collection, unless it exists, and open it.

        The manifest is written last: a collection without one is unfinished, and the next call
        finishes it. In a cluster a change takes a while to reach all nodes, and any of them may
        answer: each step is waited for until it is seen.

        Raises:
            StoreMismatchError: there is a collection of that name that artextract did not make.
            UnavailableError: the server does not answer, or a change is not seen within
                ``patience_seconds``.
        """
        store = cls(location, patience_seconds)
        store._check_version()
        store._call.patience_seconds = patience_seconds
        info = store._info()
        if info is None:
            store._make(manifest)
            info = store._await_info(lambda info: True, "it")
        if _metadata_of(info) is None:
            store._check_unfinished(info, manifest.vectors)
            store.add_indexes()
            store._write_metadata(manifest.revised())
            info = store._await_info(lambda info: _metadata_of(info) is not None, "its metadata")
        return store._open(info)

    def _open(self, info: models.CollectionInfo) -> "ServerStore":
        self._call.patience_seconds = self._patience_seconds
        self.manifest = self._read_manifest(info)
        self._points = info.points_count
        strict = info.config.strict_mode_config
        if strict is not None and strict.enabled and strict.max_query_limit:
            self._most = strict.max_query_limit
        return self

    def _info(self) -> models.CollectionInfo | None:
        """Return the collection's state; None if there is none.

        This is all that a token for one collection may ask of it as a whole.
        """
        try:
            return self._call(self._client.get_collection, self._name)
        except Refused as error:
            if error.status != 404:
                raise
            return None

    def _await_info(
        self, shows: Callable[[models.CollectionInfo], bool], what: str
    ) -> models.CollectionInfo:
        """Return the collection's state once it ``shows`` a change, called ``what`` in an error."""
        begun = time.monotonic()
        while (info := self._info()) is None or not shows(info):
            waited = time.monotonic() - begun
            if waited > self._patience_seconds:
                raise UnavailableError(
                    f"collection {self._name!r} of {self._url} was made, and after {waited:.0f} s "
                    f"the server still does not show {what}; check that the cluster's nodes are "
                    "up, then run the same command again"
                )
            self._call.sleep(_POLL_SECONDS)
        return info

    def _read_metadata(self, info: models.CollectionInfo | None) -> Any:
        """Return the manifest's values; None if there are none.

        Those of an empty collection are waited for: a node may not have heard of them yet.
        """
        deadline = time.monotonic() + min(_SYNC_SECONDS, self._patience_seconds)
        while info is None or ((found := _metadata_of(info)) is None and not info.points_count):
            if time.monotonic() > deadline:
                return None
            self._call.sleep(_POLL_SECONDS)
            info = self._info()
        return found

    def _read_manifest(self, info: models.CollectionInfo | None) -> Manifest:
        kept = self._read_metadata(info)
        if kept is None:
            raise StoreError(
                f"collection {self._name!r} of {self._url} was not made by artextract, or its "
                "creation was cut off; name another `store`, or run the ingest that makes it again"
            )
        try:
            manifest = Manifest.from_dict(kept, self.location)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"the metadata of collection {self._name!r} of {self._url} are damaged ({error}); "
                "restore a snapshot, or ingest into another collection"
            ) from error
        marks = self._call(self._client.retrieve, self._name, [_REVISION_ID])
        self._has_revision_point = bool(marks)
        if not marks:
            return manifest
        return replace(manifest, revision=str((marks[0].payload or {}).get(_REVISION_KEY)))

    def _make(self, manifest: Manifest) -> None:
        """Make the collection, unless it exists by now: answers get lost."""
        layout = manifest.layout
        try:
            self._call(
                self._client.create_collection,
                self._name,
                vectors_config={
                    aspect: models.VectorParams(
                        size=size,
                        distance=models.Distance.COSINE,
                        on_disk=layout.on_disk,
                        quantization_config=_QUANTIZATIONS[layout.quantization_of(size)],
                    )
                    for aspect, size in manifest.vectors.items()
                },
                hnsw_config=models.HnswConfigDiff(
                    m=layout.hnsw_m,
                    ef_construct=layout.hnsw_ef_construct,
                    full_scan_threshold=FULL_SCAN_KB,
                ),
                optimizers_config=models.OptimizersConfigDiff(
                    indexing_threshold=INDEXING_KB,
                    # A search walks the graph of each segment.
                    default_segment_number=1,
                ),
                shard_number=layout.shards,
                replication_factor=layout.replicas,
                write_consistency_factor=layout.replicas // 2 + 1,
                on_disk_payload=True,
            )
        except Refused as error:
            if "already exists" not in str(error):
                raise

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

    def overwrite_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        self._begin_writing()
        rows: list[models.UpdateOperation] = [
            models.OverwritePayloadOperation(
                overwrite_payload=models.SetPayload(payload=dict(payload), points=[point_id])
            )
            for point_id, payload in payloads.items()
        ]
        for part in _parts(rows, _POINTS_A_REQUEST):
            self._call(self._client.batch_update_points, self._name, part, wait=True)

    def add_indexes(self) -> None:
        indexed = schema.indexed("server")
        made = self._opened_info().payload_schema
        for key in indexed:
            if key.name not in made:
                index = _make_index(key)
                self._call(
                    self._client.create_payload_index, self._name, key.name, index, wait=True
                )
        names = {key.name for key in indexed}
        self._await_info(lambda info: info.payload_schema.keys() >= names, "its indexes")

    def set_format(self, format_: int) -> None:
        manifest = replace(self.manifest, format=format_)
        self._write_metadata(manifest)
        self.manifest = manifest

    def delete(self, point_ids: Sequence[str]) -> None:
        self._begin_writing()
        for part in _parts(point_ids, IDS_A_REQUEST):
            self._call(self._client.delete, self._name, part, wait=True)

    def optimize(self) -> bool:
        return False

    def settle(self, on_wait: Callable[[str], None] = lambda text: None) -> None:
        told_at = woken_at = float("-inf")
        while (info := self._opened_info()).status != models.CollectionStatus.GREEN:
            if info.status == models.CollectionStatus.RED:
                reason = getattr(info.optimizer_status, "error", "no reason given")
                raise StoreError(
                    f"the Qdrant server at {self._url} can't optimise collection {self._name!r} "
                    f"({reason}); mend that and restart the server, then run the same command again"
                )
            now = time.monotonic()
            grey = info.status == models.CollectionStatus.GREY
            if grey and now - woken_at > _PROGRESS_SECONDS:
                # After a restart the optimizers wait for a change, of which an empty one is enough.
                woken_at = now
                self._call(
                    self._client.update_collection,
                    self._name,
                    optimizers_config=models.OptimizersConfigDiff(),
                )
            if now - told_at > _PROGRESS_SECONDS:
                told_at = now
                on_wait(f"The collection is {_describe_state(info)}.")
            self._call.sleep(_POLL_SECONDS)

    def _begin_writing(self) -> None:
        self._points = None
        if not self._writing:
            self._revise()
            self._writing = True

    def refresh(self) -> bool:
        before, self.manifest = self.manifest, self._read_manifest(self._info())
        if self.manifest.revision == before.revision:
            return False
        self._points = None
        return True

    def _revise(self) -> None:
        """Change the revision, so that copies of the collection are known to be out of date.

        Who may write points only, such as by a token for one collection, may not change metadata,
        and writes the revision into a point (docs/decisions/0013-server-writes.md).
        """
        self.manifest = self.manifest.revised()
        if self._may_update_metadata:
            try:
                self._write_metadata(self.manifest)
            except Refused as error:
                if error.status != 403:
                    raise
                self._may_update_metadata = False
            else:
                if self._has_revision_point:
                    self._call(self._client.delete, self._name, [_REVISION_ID], wait=True)
                    self._has_revision_point = False
                return
        mark = models.PointStruct(
            id=_REVISION_ID, vector={}, payload={_REVISION_KEY: self.manifest.revision}
        )
        self._call(self._client.upsert, self._name, [mark], wait=True)
        self._has_revision_point = True

    def _write_metadata(self, manifest: Manifest) -> None:
        metadata = {_KEY: manifest.to_dict()}
        self._call(self._client.update_collection, self._name, metadata=metadata)

    # Reading

    def nearest(self, request: NearestRequest) -> list[Hit]:
        rescoring = self._rescoring(request)
        hits: dict[str, Hit] = {}
        for offset in range(0, request.limit, self._most):
            size = min(request.limit - offset, self._most)
            found = self._call(
                self._client.query_points,
                self._name,
                query=list(request.unit),
                using=request.aspect,
                query_filter=_to_filter(request.filter_),
                search_params=models.SearchParams(
                    hnsw_ef=self._effort(request),
                    quantization=(
                        models.QuantizationSearchParams(**rescoring) if rescoring else None
                    ),
                    acorn=models.AcornSearchParams(enable=request.acorn, max_selectivity=1.0),
                ),
                limit=size,
                offset=offset,
                with_payload=_to_selector(request.keys),
                score_threshold=request.min_score,
            ).points
            for point in found:  # equal scores may change places from one page to the next
                hits[str(point.id)] = Hit(str(point.id), point.score, point.payload or {})
            if len(found) < size:
                break
        return list(hits.values())

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

    def retrieve_everywhere(
        self, point_ids: Sequence[str], *, keys: Sequence[str] | None = None
    ) -> dict[str, Record]:
        if self._reads_all_replicas:
            try:
                rows = self._call(
                    self._client.retrieve,
                    self._name,
                    point_ids,
                    with_payload=_to_selector(keys),
                    consistency=models.ReadConsistencyType.ALL,
                )
                return {record.id: record for record in map(_to_record, rows)}
            except UnavailableError as error:
                if not any(text in str(error) for text in _INACTIVE):
                    raise
                self._reads_all_replicas = False
                _log.warning(
                    "A replica of %s is down, so that artworks which another one lacks are not "
                    "noticed; run the same command again when all nodes are up.", self.location,
                )  # fmt: skip
        return self.retrieve(point_ids, keys=keys)

    def _page(
        self,
        filter_: Filter | None,
        keys: Sequence[str] | None,
        with_vectors: bool,
        size: int,
        offset: Any,
    ) -> tuple[Iterable[Record], Any]:
        size = min(size, self._most)
        rows, following = self._call(
            self._client.scroll,
            self._name,
            scroll_filter=_to_filter(filter_),
            limit=min(size, RECORDS_A_REQUEST) if with_vectors else size,
            offset=offset,
            with_payload=_to_selector(keys),
            with_vectors=with_vectors,
        )
        records = (record for record in map(_to_record, rows) if record.id != _REVISION_ID)
        return records, following

    def count(self, filter_: Filter | None = None) -> int:
        if self._has_revision_point:
            mark = filters.is_one_of([_REVISION_ID])
            filter_ = filters.all_of([filter_] if filter_ else [], but=[mark])
        only = _to_filter(filter_)
        return self._call(self._client.count, self._name, count_filter=only, exact=True).count

    def _estimate_points(self) -> int:
        return self._opened_info().points_count or 0

    def facet(
        self, key: str, *, limit: int = 10, filter_: Filter | None = None
    ) -> list[tuple[str, int]]:
        most = min(limit, self._most)
        found = self._call(
            self._client.facet,
            self._name,
            key,
            facet_filter=_to_filter(filter_),
            limit=most,
            exact=True,
        ).hits
        if len(found) == most < limit:  # there may be more values than a request may ask for
            return self._count_values(key, filter_)[:limit]
        return by_count(found)

    def _count_values(self, key: str, filter_: Filter | None) -> list[tuple[str, int]]:
        """Return all values of a key as (value, count), read point by point: a facet has no pages.

        Excluding the values of one page from the next would count points with several values wrong.
        """
        counts: Counter[str] = Counter()
        for record in self.scroll(filter_, keys=[key]):
            value: Any = record.payload
            for part in key.split("."):
                value = value.get(part, [])
            counts.update(set(value) if isinstance(value, list) else {value})
        return sorted(counts.items(), key=lambda each: (-each[1], each[0]))

    def describe(self) -> list[tuple[str, str]]:
        info, layout = self._opened_info(), self.manifest.layout
        protocol = "gRPC" if self._client.init_options["prefer_grpc"] else "REST"
        version = self._call(self._client.info).version
        described = [
            ("server", f"Qdrant {version} at {self._url} by {protocol}, collection {self._name!r}"),
            ("status", _describe_state(info)),
            ("layout", str(layout)),
        ]
        if layout.replicas > 1:
            described.append(("replicas", self._describe_replicas()))
        return described

    def _describe_replicas(self) -> str:
        """Say whether the replicas have equally many points, and what to do if not.

        The count of "all" is the sum of each shard's least; that of "majority" the sum of the
        medians, of two replicas the greater ones.
        """
        calls = replace(self._call, patience_seconds=0.0)
        try:
            counts = [calls(self._count_with, level) for level in ("All", "Majority")]
            counts.append(calls(self._client.count, self._name, exact=True).count)
        except UnavailableError as error:
            if not any(text in str(error) for text in _INACTIVE):
                raise
            return "not all active; start the nodes that are down"
        if min(counts) == max(counts):
            return "equal"
        return (
            f"differ: {max(counts) - min(counts)} points are not on all of them; run the same "
            "ingest again, which writes them everywhere"
        )

    def _count_with(self, consistency: str) -> int:
        """Return the number of points by a read consistency, which QdrantClient.count can't ask."""
        if self._grpc:
            request = grpc.CountPoints(
                collection_name=self._name,
                exact=True,
                read_consistency=grpc.ReadConsistency(
                    type=grpc.ReadConsistencyType.Value(consistency)
                ),
            )
            return int(self._client.grpc_points.Count(request, timeout=READ_SECONDS).result.count)
        answer = self._client.http.points_api.count_points(
            self._name,
            consistency=models.ReadConsistencyType(consistency.lower()),
            count_request=models.CountRequest(exact=True),
        )
        return answer.result.count if answer.result else 0

    def _opened_info(self) -> models.CollectionInfo:
        info = self._info()
        if info is None:
            raise StoreError(f"collection {self._name!r} of {self._url} was deleted meanwhile")
        return info

    # Leaving

    def close(self) -> None:
        """Change the revision after writing, and close the connection."""
        try:
            if self._writing:
                self._revise()
        finally:
            self._client.close()


def _make_index(key: schema.Key) -> Any:
    """Return the index of a key; one that only a server has is on the disk and not in the graph."""
    own: dict[str, Any] = {}
    if key.where == "server":
        own = {"on_disk": True, "enable_hnsw": False}
    match key.index:
        case "integer":
            return models.IntegerIndexParams(
                type=models.IntegerIndexType.INTEGER,
                lookup=key.where == "server",
                range=True,
                **own,
            )
        case "float":
            return models.FloatIndexParams(type=models.FloatIndexType.FLOAT, **own)
        case "bool":
            return models.BoolIndexParams(type=models.BoolIndexType.BOOL, **own)
    return models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, **own)


def _metadata_of(info: models.CollectionInfo) -> Any:
    return (info.config.metadata or {}).get(_KEY)


def _describe_state(info: models.CollectionInfo) -> str:
    state = f"{info.status.value}, {info.indexed_vectors_count or 0} vectors in graphs"
    if info.status == models.CollectionStatus.GREY:
        return f"{state}; optimisation waits for a change since the server's restart"
    return f"{state} ({error})" if (error := getattr(info.optimizer_status, "error", "")) else state


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
    """Return the filter for the server.

    Qdrant 1.18.3 passes over a condition in ``must_not`` that is also in ``must`` or ``should``,
    and finds it in a filter within the filter.
    """
    if not filter_:
        return None
    required = [*filter_.get("must", []), *filter_.get("should", [])]
    but = [{"must": [each]} if each in required else each for each in filter_.get("must_not", [])]
    return models.Filter.model_validate({**filter_, "must_not": but or None})


def _to_selector(keys: Sequence[str] | None) -> bool | list[str]:
    return True if keys is None else (list(keys) or False)


def _to_record(row: models.Record) -> Record:
    vectors: Any = row.vector or {}
    return Record(str(row.id), row.payload or {}, vectors)
