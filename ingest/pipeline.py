"""The ingest job: read and decode ahead in threads, embed in batches, write behind.

Four things overlap: a pool of threads reads, checks and prepares pictures some way ahead; another
runs the model on whole batches; one thread writes what is done; and the main thread hands works
from one to the next, keeps the journal and counts. The model is meant to be what everything else
waits for, so whichever picture is ready first goes first: one that a server is slow to send keeps
no other waiting.

On a CPU each batch runs on one thread, and several batches at once. One batch on several threads is
no faster by itself, and loses more when decoding takes turns with it on the same cores: its threads
wait for one another at every layer (docs/decisions/0004-parallel-batches.md).
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.aspects.features import ImageFeatures
from artextract.catalog.artwork import METADATA_FIELDS
from artextract.encoding.encoder import ImageEncoder
from artextract.errors import FetchError, ImageError, ModelError
from artextract.images.opening import content_hash, make_thumbnail, open_sized
from artextract.images.preprocess import Preprocess
from artextract.store import ModelIdentity, Point, Record, Store
from ingest.journal import Journal
from ingest.sources.item import Failure, Item, Source

__all__ = ["Summary", "check_source", "ingest"]

_CATALOGUED = (*METADATA_FIELDS, "extra", "folded", "image_folder")
"""Payload keys that come from the catalog; the others are read off the picture."""

_IDLE_SECONDS = 0.2

_LOOK_UP = 256
"""How many works are looked up in the collection at once."""


@dataclass
class Summary:
    """What a run did: works by outcome, failures, and seconds by part (threads' time added up)."""

    embedded: int = 0
    updated: int = 0
    unchanged: int = 0
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0
    read_seconds: float = 0.0
    prepare_seconds: float = 0.0
    embed_seconds: float = 0.0
    write_seconds: float = 0.0

    @property
    def seen(self) -> int:
        """All works that were looked at."""
        return self.embedded + self.updated + self.unchanged + len(self.failures)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A picture ready for the model."""

    item: Item
    pixels: tuple[npt.NDArray[np.uint8], ...]  # (size, size, 3) for each preprocessing
    features: ImageFeatures
    payload: dict[str, Any]
    seconds: tuple[float, float]  # reading, preparing


@dataclass(frozen=True, slots=True)
class _Unread:
    """A picture that would have to be fetched, and is not."""


@dataclass(frozen=True, slots=True)
class _Embedded:
    """A picture's point, ready to be written; ``key`` is its item's."""

    key: str
    point: Point


@dataclass(frozen=True, slots=True)
class _Known:
    """A picture that the collection holds already; ``metadata`` is set where it has changed."""

    item: Item
    metadata: dict[str, Any] | None
    seconds: tuple[float, float]

    @property
    def key(self) -> str:
        """That of the item."""
        return self.item.key


_Outcome = _Prepared | _Known | _Unread | Failure


@dataclass(frozen=True, slots=True)
class _Written:
    """Works that the writer is done with, and the seconds spent on embedding and writing them."""

    outcomes: Sequence[_Embedded | _Known | Failure]
    embed_seconds: float
    write_seconds: float


def ingest(
    source: Source,
    store: Store,
    encoder: ImageEncoder,
    journal: Journal,
    *,
    batch_size: int,
    threads: int,
    runners: int = 1,
    readers: int = 0,
    limit: int | None = None,
    only_failed: bool = False,
    on_work: Callable[[Summary], None] = lambda summary: None,
    on_stop: Callable[[], None] = lambda: None,
) -> Summary:
    """Bring the works of ``source`` into ``store`` and return what was done.

    A work whose picture and model are unchanged is not embedded again; if only its metadata have
    changed, they are replaced. A work that fails is written to ``journal`` and the run goes on.

    Args:
        source: The works.
        store: A collection for the vectors of ``encoder``.
        encoder: Encodes the images.
        journal: Where failures go, and which works ``only_failed`` takes.
        batch_size: Pictures in one run of the networks.
        threads: Pictures that are prepared at once.
        runners: Batches that the networks run at once.
        readers: Pictures that are read at once beside those, waiting for a server.
        limit: Take only the first so many works.
        only_failed: Take only works that stand in the journal.
        on_work: Called in this thread after each work with the summary so far.
        on_stop: Called when the run ends early, to make reads that are still going on fail.

    Raises:
        StoreError: the collection can't be written; what it has acknowledged is kept.
    """
    started = time.perf_counter()
    summary = Summary()
    works = _select(source, journal if only_failed else None, limit)
    batches = _Batches(encoder.preprocesses)
    prepare = _Preparer(encoder, store.manifest.model, threads)
    writer = _Writer()
    batch: list[_Prepared] = []

    def embed(prepared: list[_Prepared]) -> tuple[list[_Embedded | Failure], float]:
        begun = time.perf_counter()
        return _embed(encoder, prepared, batches), time.perf_counter() - begun

    def count(outcome: _Embedded | _Known | Failure) -> None:
        if isinstance(outcome, Failure):
            summary.failures.append(outcome)
            journal.record(outcome)
            return
        if isinstance(outcome, _Embedded):
            summary.embedded += 1
        elif outcome.metadata is None:
            summary.unchanged += 1
        else:
            summary.updated += 1
        journal.resolve(outcome.key)

    def report(outcome: _Embedded | _Known | Failure) -> None:
        count(outcome)
        on_work(summary)

    def report_written(at_most: int | None = None) -> None:
        """Report works that have been written; wait until ``at_most`` are still to be written."""
        for written in writer.take(at_most):
            summary.embed_seconds += written.embed_seconds
            summary.write_seconds += written.write_seconds
            for outcome in written.outcomes:
                report(outcome)

    def write_batch() -> None:
        report_written(most_unwritten - len(batch))
        looked = model_pool.submit(embed, batch.copy())
        writer.give(partial(_write, store, looked), len(batch))
        batch.clear()

    ahead = (runners + 1) * batch_size + threads + readers
    # Batches that the model runs, one that waits for it, and one that is being written.
    most_unwritten = (runners + 2) * batch_size
    with (
        ThreadPoolExecutor(threads + readers, "prepare") as pool,
        ThreadPoolExecutor(runners, "model") as model_pool,
    ):
        try:
            for outcome in _prepare_ahead(works, store, prepare, pool, ahead, report_written):
                report_written()
                if isinstance(outcome, Failure):
                    report(outcome)
                    continue
                assert not isinstance(outcome, _Unread)  # only a dry run leaves pictures unread
                summary.read_seconds += outcome.seconds[0]
                summary.prepare_seconds += outcome.seconds[1]
                if isinstance(outcome, _Prepared):
                    batch.append(outcome)
                    if len(batch) == batch_size:
                        write_batch()
                elif outcome.metadata is None:
                    report(outcome)
                else:
                    report_written(most_unwritten - 1)
                    writer.give(partial(_update, store, outcome), 1)
            if batch:
                write_batch()
            report_written(0)
        except BaseException:
            on_stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            model_pool.shutdown(wait=True, cancel_futures=True)
            for late in writer.stop():  # none but where the run ends early
                count(late)
    summary.seconds = time.perf_counter() - started
    return summary


def check_source(
    source: Source,
    store: Store | None,
    model: ModelIdentity,
    encoder: ImageEncoder,
    *,
    threads: int,
    limit: int | None = None,
    only: Journal | None = None,
    on_work: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Return what :func:`ingest` would do, without running the model or writing anything.

    Every file is read and decoded, so the failures are the real ones; what a museum's server has
    is not asked for. "embedded" counts the works that would be embedded. With ``only``, none but
    works in that journal are taken.
    """
    started = time.perf_counter()
    summary = Summary()
    works = _select(source, only, limit)
    prepare = _Preparer(encoder, model, threads, dry=True)
    with ThreadPoolExecutor(threads, "prepare") as pool:
        for outcome in _prepare_ahead(works, store, prepare, pool, 4 * threads):
            if isinstance(outcome, Failure):
                summary.failures.append(outcome)
            elif isinstance(outcome, _Prepared | _Unread):
                summary.embedded += 1
            elif outcome.metadata is None:
                summary.unchanged += 1
            else:
                summary.updated += 1
            on_work(summary)
    summary.seconds = time.perf_counter() - started
    return summary


def _select(source: Source, only: Journal | None, limit: int | None) -> Iterator[Item | Failure]:
    """Iterate over the first works of ``source``, of those in the journal ``only``."""
    works = (work for work in source if only is None or work.key in only)
    return islice(works, limit)


def _prepare_ahead(
    works: Iterator[Item | Failure],
    store: Store | None,
    prepare: "_Preparer",
    pool: ThreadPoolExecutor,
    ahead: int,
    on_idle: Callable[[], None] = lambda: None,
) -> Iterator[_Outcome]:
    """Prepare works in ``pool``, at most ``ahead`` of them before they are taken.

    Yields them as they get ready, and calls ``on_idle`` now and then while none is.
    """
    ready: queue.SimpleQueue[Future[_Outcome]] = queue.SimpleQueue()
    waiting = 0

    def take() -> _Outcome:
        # A wait without end would not hear Ctrl-C: once polars has run, signals don't end waits.
        while True:
            try:
                return ready.get(timeout=_IDLE_SECONDS).result()
            except queue.Empty:
                on_idle()

    for work, record in _look_up(works, store):
        if isinstance(work, Failure):
            yield work
            continue
        pool.submit(prepare, work, record).add_done_callback(ready.put)
        waiting += 1
        if waiting >= ahead:
            yield take()
            waiting -= 1
    for _ in range(waiting):
        yield take()


def _look_up(
    works: Iterator[Item | Failure], store: Store | None
) -> Iterator[tuple[Item | Failure, Record | None]]:
    """Iterate over works with what the collection already knows of each."""
    keys = (*_CATALOGUED, "image_sha256", "image_version")
    while chunk := list(islice(works, _LOOK_UP)):
        ids = [work.artwork.point_id for work in chunk if isinstance(work, Item)]
        records = store.retrieve(ids, keys=keys) if store is not None else {}
        for work in chunk:
            known = records.get(work.artwork.point_id) if isinstance(work, Item) else None
            yield work, known


class _Batches:
    """Makes a network's input from pictures, in memory that is used again and again.

    A fresh array of this size is mapped and unmapped by the system each time, which takes longer
    than all arithmetic on it.
    """

    def __init__(self, preprocesses: Sequence[Preprocess]) -> None:
        self._preprocesses = preprocesses
        self._of_thread = threading.local()

    def make(self, pictures: Sequence[_Prepared]) -> list[npt.NDArray[np.float32]]:
        """Return a batch (n, 3, size, size) each, good until this thread makes its next."""
        kept: list[npt.NDArray[np.float32]] = getattr(self._of_thread, "batches", [])
        if not kept or len(kept[0]) < len(pictures):
            kept = [
                np.empty((len(pictures), 3, each.size, each.size), np.float32)
                for each in self._preprocesses
            ]
            self._of_thread.batches = kept
        for number, preprocess in enumerate(self._preprocesses):
            for picture, tensor in zip(pictures, kept[number], strict=False):
                preprocess.normalize(picture.pixels[number], tensor)
        return [batch[: len(pictures)] for batch in kept]


class _Preparer:
    """Reads, checks and prepares one picture; called from many threads."""

    def __init__(
        self,
        encoder: ImageEncoder,
        model: ModelIdentity,
        at_once: int,
        *,
        dry: bool = False,
    ) -> None:
        """``dry``: fetch nothing from a server, and look at no picture beyond decoding it."""
        self._encoder = encoder
        self._dry = dry
        self._model = {"name": model.name, "sha256": model.sha256}
        self._cores = threading.BoundedSemaphore(at_once)

    def __call__(self, work: Item, record: Record | None) -> _Outcome:
        started = time.perf_counter()
        if record is not None and work.version and _version(record) == work.version:
            return self._known(work, record, 0.0)
        if work.version is not None and self._dry:
            return _Unread()
        try:
            data = work.read()
        except (ImageError, FetchError) as error:
            return Failure(work.key, work.artwork.image, str(error))
        was_read = time.perf_counter()
        with self._cores:
            return self._prepare(work, record, data, was_read - started)

    def _known(self, work: Item, record: Record, read_seconds: float) -> _Known:
        metadata = _metadata(work)
        stored = {key: record.payload[key] for key in _CATALOGUED if key in record.payload}
        return _Known(work, None if stored == metadata else metadata, (read_seconds, 0.0))

    def _prepare(
        self, work: Item, record: Record | None, data: bytes, read_seconds: float
    ) -> _Outcome:
        started = time.perf_counter()
        digest = content_hash(data)
        if (
            record is not None
            and record.payload.get("image_sha256") == digest
            and _version(record) == work.version
        ):
            return self._known(work, record, read_seconds)
        try:
            image, size = open_sized(data, work.artwork.image, self._encoder.decode_at_least)
        except ImageError as error:
            work.discard()
            return Failure(work.key, work.artwork.image, str(error))
        payload = {
            **_metadata(work),
            "width": size[0],
            "height": size[1],
            "image_sha256": digest,
            "thumbnail": make_thumbnail(image),
            "model": self._model,
        }
        if work.version is not None:
            payload["image_version"] = work.version
        pixels = tuple(each.resize_pixels(image) for each in self._encoder.preprocesses)
        features = ImageFeatures() if self._dry else self._encoder.measure(image)
        seconds = (read_seconds, time.perf_counter() - started)
        return _Prepared(work, pixels, features, payload, seconds)


def _metadata(work: Item) -> dict[str, Any]:
    """Return the part of a payload that does not come from the picture."""
    metadata = work.artwork.to_payload()
    if work.folder is not None:
        metadata["image_folder"] = str(work.folder)
    return metadata


def _version(record: Record) -> str | None:
    """Return the version of the picture that a point was made from, where its source has one."""
    version: str | None = record.payload.get("image_version")
    return version


def _embed(
    encoder: ImageEncoder, pictures: list[_Prepared], batches: _Batches
) -> list[_Embedded | Failure]:
    """Return a point for each picture, or why it has none."""
    try:
        encoded = encoder.encode_batch(batches.make(pictures), [each.features for each in pictures])
    except ModelError as error:
        if len(pictures) > 1:  # find out which of them it is
            return [outcome for one in pictures for outcome in _embed(encoder, [one], batches)]
        item = pictures[0].item
        return [Failure(item.key, item.artwork.image, str(error))]
    return [
        _Embedded(
            prepared.item.key,
            Point(
                prepared.item.artwork.point_id, each.vectors, {**prepared.payload, **each.payload}
            ),
        )
        for prepared, each in zip(pictures, encoded, strict=True)
    ]


def _write(store: Store, looked: Future[tuple[list[_Embedded | Failure], float]]) -> _Written:
    """Write a batch once the model is done with it."""
    outcomes, embed_seconds = looked.result()
    begun = time.perf_counter()
    store.upsert([outcome.point for outcome in outcomes if isinstance(outcome, _Embedded)])
    return _Written(outcomes, embed_seconds, time.perf_counter() - begun)


def _update(store: Store, known: _Known) -> _Written:
    """Replace a known work's metadata, which have changed."""
    begun = time.perf_counter()
    assert known.metadata is not None
    point_id = known.item.artwork.point_id
    stored: Mapping[str, Any] = store.retrieve([point_id])[point_id].payload
    measured = {key: value for key, value in stored.items() if key not in _CATALOGUED}
    store.overwrite_payload(point_id, {**known.metadata, **measured})
    return _Written([known], 0.0, time.perf_counter() - begun)


class _Writer:
    """Carries out writes in a thread of its own, in the order in which they are given.

    All methods are called from one other thread. The first error ends the writing.
    """

    def __init__(self) -> None:
        self._writes: queue.SimpleQueue[Callable[[], _Written]] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[_Written | BaseException] = queue.SimpleQueue()
        self._unwritten = 0
        self._stopped = False
        # A daemon: a process that is interrupted twice need not wait for a server's answer.
        self._thread = threading.Thread(target=self._run, name="write", daemon=True)
        self._thread.start()

    def give(self, write: Callable[[], _Written], works: int) -> None:
        """Carry out ``write``, which writes so many works."""
        self._unwritten += works
        self._writes.put(write)

    def take(self, at_most: int | None = None) -> Iterator[_Written]:
        """Iterate over what has been written since the last call.

        With ``at_most``, wait until no more than so many works are still to be written.

        Raises:
            StoreError: a write failed. So does any other error of a write.
        """
        while self._unwritten:
            wait = at_most is not None and self._unwritten > at_most
            try:
                # Not without end: see _prepare_ahead.
                result = self._results.get(wait, _IDLE_SECONDS)
            except queue.Empty:
                if wait:
                    continue
                return
            if isinstance(result, BaseException):
                raise result
            self._unwritten -= len(result.outcomes)
            yield result

    def stop(self) -> list[_Embedded | _Known | Failure]:
        """Return works that were written and not taken; writes that have not begun are dropped."""
        self._stopped = True
        self._writes.put(lambda: _Written([], 0.0, 0.0))
        while self._thread.is_alive():
            self._thread.join(_IDLE_SECONDS)
        outcomes: list[_Embedded | _Known | Failure] = []
        while not self._results.empty():
            result = self._results.get()
            outcomes += result.outcomes if isinstance(result, _Written) else []
        return outcomes

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._results.put(self._writes.get()())
        except BaseException as error:  # the other thread raises it
            self._results.put(error)
