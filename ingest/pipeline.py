"""The ingest pipeline: images are read, decoded, encoded in batches, and written, all at once.

One pool of threads reads, checks and prepares images ahead; another encodes whole batches; one
thread writes the results; the main thread passes artworks from one to the next, keeps the journal
and counts. Encoding should be what limits the speed, so images are taken in the order in which they
are ready: a slow server delays no other image.

On a CPU each batch runs on one thread, and several batches run at once. One batch on several
threads is no faster, and slower while other threads decode on the same cores, since its threads
wait for each other at every layer (docs/decisions/0004-parallel-batches.md).
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.aspects.features import ImageFeatures
from artextract.catalog.artwork import CATALOGUED_KEYS, METADATA_FIELDS
from artextract.catalog.notes import Note, NoteTally
from artextract.catalog.page_url import thumbnail_url
from artextract.encoding.encoder import ImageEncoder
from artextract.errors import FetchError, ImageError, ModelError
from artextract.images.opening import content_hash, make_thumbnail, open_sized
from artextract.images.preprocess import Preprocess
from artextract.store import ModelIdentity, Point, Record, Store
from artextract.store.upgrade import hash_version
from ingest.journal import Journal
from ingest.look_up import look_up
from ingest.sources.item import Failure, Item, Source

_METADATA = (*METADATA_FIELDS, *CATALOGUED_KEYS, "image_folder", "thumbnail_url")
"""Payload keys that come from the source and the options; the others come from the image."""

_IDLE_SECONDS = 0.2


@dataclass
class Summary:
    """Numbers of artworks by outcome, failures, and seconds by part, summed over threads.

    ``notes`` are on what of the source was left unknown or aside.
    """

    embedded: int = 0
    updated: int = 0
    unchanged: int = 0
    failures: list[Failure] = field(default_factory=list)
    notes: NoteTally = field(default_factory=NoteTally)
    seconds: float = 0.0
    read_seconds: float = 0.0
    prepare_seconds: float = 0.0
    embed_seconds: float = 0.0
    write_seconds: float = 0.0
    pruned: int | None = None
    text: str = ""
    """The outcome in words, set by :func:`ingest.run.run`."""

    @property
    def total(self) -> int:
        """All artworks so far, failures included."""
        return self.embedded + self.updated + self.unchanged + len(self.failures)

    def count(self, outcome: "_Outcome") -> None:
        """Count one artwork."""
        if isinstance(outcome, Failure):
            self.failures.append(outcome)
        elif not isinstance(outcome, _Known):
            self.embedded += 1
        elif outcome.metadata is None:
            self.unchanged += 1
        else:
            self.updated += 1

    def note(self, outcome: "_Ready") -> None:
        """Add the notes on an image."""
        if isinstance(outcome, _Prepared):
            for note in outcome.notes:
                self.notes.add(note)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An image ready to be encoded."""

    item: Item
    pixels: tuple[npt.NDArray[np.uint8], ...]  # (size, size, 3) for each preprocessing
    features: ImageFeatures
    payload: dict[str, Any]
    notes: list[Note]
    seconds: tuple[float, float]  # reading, preparing

    @property
    def image_sha256(self) -> str:
        """Checksum of the image file."""
        return str(self.payload["image_sha256"])


@dataclass(frozen=True, slots=True)
class _Unread:
    """An image that a dry run does not fetch."""


@dataclass(frozen=True, slots=True)
class _Embedded:
    """The point of an image, ready to be written."""

    item: Item
    point: Point

    @property
    def image_sha256(self) -> str:
        """Checksum of the image file."""
        return str(self.point.payload["image_sha256"])


@dataclass(frozen=True, slots=True)
class _Known:
    """An image that the collection holds already; ``metadata`` is set if it has changed."""

    item: Item
    image_sha256: str
    metadata: dict[str, Any] | None
    seconds: tuple[float, float]


_Ready = _Prepared | _Known | _Unread | Failure
_Done = _Embedded | _Known | Failure
_Outcome = _Ready | _Done


@dataclass(frozen=True, slots=True)
class _Written:
    """Artworks that have been written, and the seconds that encoding and writing them took."""

    outcomes: Sequence[_Done]
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
    page_url: str | None = None,
    on_artwork: Callable[[Summary], None] = lambda summary: None,
    on_stop: Callable[[], None] = lambda: None,
) -> Summary:
    """Add the artworks of ``source`` to ``store``.

    An artwork whose image and model are unchanged is not encoded again; if only its metadata has
    changed, that is replaced. A failure is written to ``journal``, and the run goes on.

    Args:
        source: The artworks.
        store: A collection with the vectors of ``encoder``.
        encoder: Computes vectors and payload of an image.
        journal: Receives failures; ``only_failed`` selects by it.
        batch_size: Images in a batch.
        threads: Images that are prepared at once.
        runners: Batches that are encoded at once.
        readers: Further images that are read at once, waiting for a server.
        limit: Maximum number of artworks.
        only_failed: Take only artworks of the journal.
        page_url: As of :class:`ingest.run.IngestConfig`, as
            :func:`~artextract.catalog.page_url.read_page_url` returns it.
        on_artwork: Called in this thread after each artwork with the summary so far.
        on_stop: Called when the run ends early, to make pending reads fail.

    Raises:
        StoreError: the collection can't be written; what it has acknowledged is kept.
    """
    started = time.perf_counter()
    summary = Summary()
    items = _select(source, journal if only_failed else None, limit, summary.notes)
    shared = _SharedImages()
    batches = _Batches(encoder.preprocesses)
    prepare = _Preparer(encoder, store.manifest.model, threads, page_url)
    writer = _Writer()
    batch: list[_Prepared] = []

    def embed(prepared: list[_Prepared]) -> tuple[list[_Embedded | Failure], float]:
        begun = time.perf_counter()
        return _embed(encoder, prepared, batches), time.perf_counter() - begun

    def count(outcome: _Done) -> None:
        summary.count(outcome)
        shared.add(outcome)
        if isinstance(outcome, Failure):
            journal.record(outcome)
        else:
            journal.resolve(outcome.item.key)

    def report(outcome: _Done) -> None:
        count(outcome)
        on_artwork(summary)

    def report_written(at_most: int | None = None) -> None:
        """Report artworks that have been written; wait until ``at_most`` are unwritten."""
        for written in writer.take(at_most):
            summary.embed_seconds += written.embed_seconds
            summary.write_seconds += written.write_seconds
            for outcome in written.outcomes:
                report(outcome)

    def write_batch() -> None:
        report_written(most_unwritten - len(batch))
        encoded = model_pool.submit(embed, batch.copy())
        writer.give(partial(_write, store, encoded), len(batch))
        batch.clear()

    ahead = (runners + 1) * batch_size + threads + readers
    # Batches that are being encoded, one that waits, and one that is being written.
    most_unwritten = (runners + 2) * batch_size
    pool = ThreadPoolExecutor(threads + readers, "prepare")
    with ThreadPoolExecutor(runners, "model") as model_pool:
        try:
            for outcome in _prepare_ahead(
                items, summary.notes, store, prepare, pool, ahead, report_written
            ):
                report_written()
                if isinstance(outcome, Failure):
                    report(outcome)
                    continue
                assert not isinstance(outcome, _Unread)  # only a dry run leaves images unread
                summary.read_seconds += outcome.seconds[0]
                summary.prepare_seconds += outcome.seconds[1]
                if isinstance(outcome, _Prepared):
                    summary.note(outcome)
                    batch.append(outcome)
                    if len(batch) == batch_size:
                        write_batch()
                elif outcome.metadata is None:
                    report(outcome)
                else:
                    report_written(most_unwritten - 1)
                    writer.give(partial(_update, store, encoder, outcome), 1)
            if batch:
                write_batch()
            report_written(0)
        except BaseException:
            on_stop()
            raise
        finally:
            # An image may take long to decode, and its thread writes nothing: don't wait for it.
            pool.shutdown(wait=False, cancel_futures=True)
            model_pool.shutdown(wait=True, cancel_futures=True)
            for late in writer.stop():  # none unless the run ends early
                count(late)
    shared.note_in(summary.notes)
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
    page_url: str | None = None,
    on_artwork: Callable[[Summary], None] = lambda summary: None,
    on_stop: Callable[[], None] = lambda: None,
) -> Summary:
    """Return what :func:`ingest` would do, without encoding or writing anything.

    Every file is read and decoded, so the failures are those of a real run; images on a museum's
    server are not fetched. With ``only``, take only artworks of that journal.
    """
    started = time.perf_counter()
    summary = Summary()
    items = _select(source, only, limit, summary.notes)
    shared = _SharedImages()
    prepare = _Preparer(encoder, model, threads, page_url, dry=True)
    pool = ThreadPoolExecutor(threads, "prepare")
    try:
        for outcome in _prepare_ahead(items, summary.notes, store, prepare, pool, 4 * threads):
            summary.count(outcome)
            summary.note(outcome)
            shared.add(outcome)
            on_artwork(summary)
    except BaseException:
        on_stop()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # as in ingest()
    shared.note_in(summary.notes)
    summary.seconds = time.perf_counter() - started
    return summary


def _select(
    source: Source, only: Journal | None, limit: int | None, notes: NoteTally
) -> Iterator[Item | Failure]:
    """Iterate over the first ``limit`` artworks of ``source``, or of those in ``only``.

    The notes of the source are added to ``notes``.
    """
    taken = 0
    for item in source:
        if isinstance(item, Note):
            notes.add(item)
        elif (
            only is None
            or item.key in only
            or (isinstance(item, Item) and item.named_by_folder().key in only)
        ):
            yield item
            taken += 1
            if taken == limit:
                return


class _SharedImages:
    """Counts the artworks of each image by the first 64 bits of its SHA-256."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._examples: dict[int, str] = {}

    def add(self, outcome: _Outcome) -> None:
        """Count the image of an artwork, if it has been read."""
        if isinstance(outcome, Failure | _Unread):
            return
        image = int(outcome.image_sha256[:16], 16)
        self._counts[image] = self._counts.get(image, 0) + 1
        if self._counts[image] == 2:
            self._examples[image] = outcome.item.key

    def note_in(self, notes: NoteTally) -> None:
        """Add a note on each image of several artworks, those of most artworks first."""
        kind = "artworks that share an image file (one shared by many may be a placeholder)"
        for image in sorted(self._examples, key=lambda image: -self._counts[image]):
            count = self._counts[image]
            notes.add(Note(kind, f"{self._examples[image]}, one of {count}", count=count))


def _prepare_ahead(
    items: Iterator[Item | Failure],
    notes: NoteTally,
    store: Store | None,
    prepare: "_Preparer",
    pool: ThreadPoolExecutor,
    ahead: int,
    on_idle: Callable[[], None] = lambda: None,
) -> Iterator[_Ready]:
    """Prepare artworks in ``pool``, at most ``ahead`` of them before they are taken.

    Yields each when it is ready, and calls ``on_idle`` now and then while none is. Notes on the
    artworks are added to ``notes``.
    """
    ready: queue.SimpleQueue[Future[_Ready]] = queue.SimpleQueue()
    waiting = 0

    def take() -> _Ready:
        # With a timeout, because once polars has run, Ctrl-C does not end an endless wait.
        while True:
            try:
                return ready.get(timeout=_IDLE_SECONDS).result()
            except queue.Empty:
                on_idle()

    keys = (*_METADATA, "image_sha256", "image_version")
    for item, record in look_up(items, store, keys, notes.add):
        if isinstance(item, Failure):
            yield item
            continue
        pool.submit(prepare, item, record).add_done_callback(ready.put)
        waiting += 1
        if waiting >= ahead:
            yield take()
            waiting -= 1
    for _ in range(waiting):
        yield take()


class _Batches:
    """Makes the input of networks in memory that each thread uses again.

    The system maps and unmaps a new array of this size each time, which takes longer than all the
    arithmetic on it.
    """

    def __init__(self, preprocesses: Sequence[Preprocess]) -> None:
        self._preprocesses = preprocesses
        self._of_thread = threading.local()

    def make(self, images: Sequence[_Prepared]) -> list[npt.NDArray[np.float32]]:
        """Return a batch (n, 3, size, size) for each preprocessing.

        The batches are valid until this thread makes the next.
        """
        kept: list[npt.NDArray[np.float32]] = getattr(self._of_thread, "batches", [])
        if not kept or len(kept[0]) < len(images):
            kept = [
                np.empty((len(images), 3, each.size, each.size), np.float32)
                for each in self._preprocesses
            ]
            self._of_thread.batches = kept
        for number, preprocess in enumerate(self._preprocesses):
            for image, tensor in zip(images, kept[number], strict=False):
                preprocess.normalize(image.pixels[number], tensor)
        return [batch[: len(images)] for batch in kept]


class _Preparer:
    """Reads, checks and prepares one image; called from many threads.

    With ``dry``, nothing is fetched from a server, and images are only decoded.
    """

    def __init__(
        self,
        encoder: ImageEncoder,
        model: ModelIdentity,
        at_once: int,
        page_url: str | None,
        *,
        dry: bool = False,
    ) -> None:
        self._encoder = encoder
        self._page_url = page_url
        self._dry = dry
        self._model = {"name": model.name, "sha256": model.sha256}
        self._cores = threading.BoundedSemaphore(at_once)

    def __call__(self, item: Item, record: Record | None) -> _Ready:
        version = _version(item)
        if record is not None and version and record.payload.get("image_version") == version:
            return self._known(item, record, 0.0)
        if item.version is not None and self._dry:
            return _Unread()
        # Many may wait for servers at once; no more files are in memory than are decoded.
        with ExitStack() as held:
            if item.folder is not None:
                held.enter_context(self._cores)
            started = time.perf_counter()
            try:
                data = item.read()
            except (ImageError, FetchError) as error:
                return Failure(item.key, item.artwork.image, str(error))
            read_seconds = time.perf_counter() - started
            if item.folder is None:
                held.enter_context(self._cores)
            return self._prepare(item, record, data, read_seconds)

    def _prepare(
        self, item: Item, record: Record | None, data: bytes, read_seconds: float
    ) -> _Ready:
        started = time.perf_counter()
        digest = content_hash(data)
        if (
            record is not None
            and record.payload.get("image_sha256") == digest
            and record.payload.get("image_version") == _version(item)
        ):
            return self._known(item, record, read_seconds)
        notes: list[Note] = []
        try:
            image, size = open_sized(
                data,
                item.artwork.image,
                self._encoder.decode_at_least,
                on_note=lambda kind, example: notes.append(Note(kind, example, item.key)),
            )
        except ImageError as error:
            item.discard()
            return Failure(item.key, item.artwork.image, str(error))
        payload = {
            **self._metadata(item),
            "width": size[0],
            "height": size[1],
            "image_sha256": digest,
            "thumbnail": make_thumbnail(image),
            "model": self._model,
        }
        if (version := _version(item)) is not None:
            payload["image_version"] = version
        pixels = tuple(each.resize_pixels(image) for each in self._encoder.preprocesses)
        features = ImageFeatures() if self._dry else self._encoder.measure(image)
        seconds = (read_seconds, time.perf_counter() - started)
        return _Prepared(item, pixels, features, payload, notes, seconds)

    def _metadata(self, item: Item) -> dict[str, Any]:
        """Return the part of a payload that does not come from the image."""
        metadata = item.artwork.to_payload()
        if item.folder is not None:
            metadata["image_folder"] = str(item.folder)
        if self._page_url and (url := thumbnail_url(item.artwork, self._page_url)):
            metadata["thumbnail_url"] = url
        return metadata

    def _known(self, item: Item, record: Record, read_seconds: float) -> _Known:
        metadata = self._metadata(item)
        stored = {key: record.payload[key] for key in _METADATA if key in record.payload}
        changed = None if stored == metadata else metadata
        return _Known(item, record.payload["image_sha256"], changed, (read_seconds, 0.0))


def _version(item: Item) -> str | None:
    """Return what a payload keeps of an item's version."""
    return None if item.version is None else hash_version(item.version)


def _embed(
    encoder: ImageEncoder, images: list[_Prepared], batches: _Batches
) -> list[_Embedded | Failure]:
    """Return a point for each image, or why it has none."""
    try:
        encoded = encoder.encode_batch(batches.make(images), [each.features for each in images])
    except ModelError as error:
        if len(images) > 1:  # find the image that fails
            return [outcome for one in images for outcome in _embed(encoder, [one], batches)]
        item = images[0].item
        return [Failure(item.key, item.artwork.image, str(error))]
    return [
        _Embedded(
            image.item,
            Point(
                image.item.artwork.point_id,
                each.vectors,
                encoder.complete({**image.payload, **each.payload}),
            ),
        )
        for image, each in zip(images, encoded, strict=True)
    ]


def _write(store: Store, encoded: Future[tuple[list[_Embedded | Failure], float]]) -> _Written:
    """Write a batch once it is encoded."""
    outcomes, embed_seconds = encoded.result()
    begun = time.perf_counter()
    store.upsert([outcome.point for outcome in outcomes if isinstance(outcome, _Embedded)])
    return _Written(outcomes, embed_seconds, time.perf_counter() - begun)


def _update(store: Store, encoder: ImageEncoder, known: _Known) -> _Written:
    """Replace the metadata of an artwork."""
    begun = time.perf_counter()
    assert known.metadata is not None
    point_id = known.item.artwork.point_id
    stored: Mapping[str, Any] = store.retrieve([point_id])[point_id].payload
    of_image = {key: value for key, value in stored.items() if key not in _METADATA}
    store.overwrite_payloads({point_id: encoder.complete({**known.metadata, **of_image})})
    return _Written([known], 0.0, time.perf_counter() - begun)


class _Writer:
    """Runs writes in a thread of its own, in the order in which they are given.

    All methods are called from one other thread. The first error ends the thread.
    """

    def __init__(self) -> None:
        self._writes: queue.SimpleQueue[Callable[[], _Written]] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[_Written | BaseException] = queue.SimpleQueue()
        self._unwritten = 0
        self._stopped = False
        # A daemon, so that a process that is interrupted twice does not wait for a server.
        self._thread = threading.Thread(target=self._run, name="write", daemon=True)
        self._thread.start()

    def give(self, write: Callable[[], _Written], count: int) -> None:
        """Queue ``write``, which writes ``count`` artworks."""
        self._unwritten += count
        self._writes.put(write)

    def take(self, at_most: int | None = None) -> Iterator[_Written]:
        """Iterate over what has been written since the last call.

        With ``at_most``, wait until no more than that many artworks are unwritten. An error of a
        write is raised here.
        """
        while self._unwritten:
            wait = at_most is not None and self._unwritten > at_most
            try:
                # With a timeout: see _prepare_ahead.
                result = self._results.get(wait, _IDLE_SECONDS)
            except queue.Empty:
                if wait:
                    continue
                return
            if isinstance(result, BaseException):
                raise result
            self._unwritten -= len(result.outcomes)
            yield result

    def stop(self) -> list[_Done]:
        """Drop the writes that have not begun; return artworks that were written and not taken."""
        self._stopped = True
        self._writes.put(lambda: _Written([], 0.0, 0.0))
        while self._thread.is_alive():
            self._thread.join(_IDLE_SECONDS)
        outcomes: list[_Done] = []
        while not self._results.empty():
            result = self._results.get()
            outcomes += result.outcomes if isinstance(result, _Written) else []
        return outcomes

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._results.put(self._writes.get()())
        except BaseException as error:  # raised by take()
            self._results.put(error)
