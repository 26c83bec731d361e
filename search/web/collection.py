"""The collection behind the page: one store, its networks, and what is kept of it in memory."""

import base64
import io
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import PIL.Image

from artextract.catalog.years import parse_year_filter
from artextract.errors import ImageError, MissingError, QueryError
from artextract.images.opening import THUMBNAIL_SIDE
from artextract.store import Record, Store, filters
from artextract.store.location import Location
from search.asked import Asked
from search.criteria import make_filter
from search.engine import Answer, Question, listed, search
from search.images import Pictures
from search.query import Query, QueryReader
from search.region import Region
from search.render.drawing import draw
from search.web.counts import Counter
from search.web.listing import Listing
from search.web.uploads import Uploads

if TYPE_CHECKING:
    from artextract.models.session import Device

__all__ = ["UPLOAD", "Collection", "Found", "Wanted"]

_LOG = logging.getLogger(__name__)

UPLOAD = "picture:"
"""Begins the name of a picture that was sent; the SHA-256 of its bytes follows."""

_FRESH_SECONDS = 15.0

_DECODED_AT_ONCE = 4
"""A large picture takes up to half a GiB while it is decoded."""

MOST = 10_000
"""So far one can page through the works that are most alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One page of a search: what :class:`~search.asked.Asked` has, and what it is compared with."""

    asked: Asked
    like: Sequence[str] = ()
    unlike: Sequence[str] = ()
    region: str | None = None
    other_artists: bool = False
    min_score: float | None = None
    start: int = 0
    limit: int = 24


@dataclass(frozen=True, slots=True)
class Found:
    """A page of an answer; ``next`` is where the following one starts, None after the last."""

    answer: Answer
    next: int | None


class Collection:
    """Answers for a store; all methods can be called from several threads at once."""

    def __init__(
        self,
        store: Store,
        uploads: Uploads,
        *,
        model: str | None = None,
        device: "Device" = "auto",
    ) -> None:
        """Answer for ``store``, which stays the caller's to close."""
        self.store = store
        self.uploads = uploads
        self.pictures = Pictures(store)
        self._reader = QueryReader(
            store, aspects=list(store.manifest.vectors), model=model, device=device
        )
        self._looking = threading.Lock()
        self._decoding = threading.BoundedSemaphore(_DECODED_AT_ONCE)
        self._reading = threading.Lock()
        self._listing: Listing | None = None
        self._counter: Counter | None = None
        self._asked_at = time.monotonic()
        self.query = lru_cache(32)(self._query)  # of pictures it holds the bytes, too

    def _forget_what_is_old(self) -> None:
        """Forget what was read before another writer changed the collection."""
        if time.monotonic() - self._asked_at > _FRESH_SECONDS:
            self._asked_at = time.monotonic()
            if self.store.refresh():
                self._listing = self._counter = None
                self.query.cache_clear()

    @property
    def counter(self) -> Counter:
        """What counts works by their values; made when it is first needed."""
        with self._reading:
            self._forget_what_is_old()
            if self._counter is None:
                self._counter = Counter(self.store)
            return self._counter

    @property
    def listing(self) -> Listing:
        """All works in order; read when it is first needed."""
        with self._reading:
            self._forget_what_is_old()
            if self._listing is None:
                self._listing = Listing(self.store)
            return self._listing

    def prepare(self) -> None:
        """Make what the first visitor would wait for."""
        self.listing  # noqa: B018 (reading it makes it)
        self.counter  # noqa: B018

    def _query(self, name: str, region: str | None) -> Query:
        """Return a work of the collection or a picture that was sent, or a part of it.

        Raises:
            QueryError: there is none.
            ImageError: its picture can't be read.
        """
        part = None if region is None else Region.parse(region)
        if name.startswith(UPLOAD):
            data = self.uploads.read(name.removeprefix(UPLOAD))
            with self._looking:
                return self._reader.read_image("your picture", data, part)
        if part is None:
            return self._reader.read_work(name)
        with self._looking:
            try:
                return self._reader.read_work(name, part)
            except ImageError as error:
                _LOG.warning("%s", error)  # it names a file of this machine, which is nobody's
                raise ImageError(
                    f"the picture of {name!r} can't be read any more; search by the whole of it"
                ) from error

    def search(self, wanted: Wanted) -> Found:
        """Return a page of the works that are alike, or that fit, the earliest first.

        Raises:
            QueryError: something is unknown or not understood.
            DateError: the years can't be understood.
        """
        asked = wanted.asked
        if not wanted.like:
            return self._list(wanted)
        end = wanted.start + wanted.limit
        if end > MOST:
            raise QueryError(
                f"only the {MOST:,} works most alike can be paged through; add filters"
            )
        like = [self.query(name, wanted.region if at == 0 else None)
                for at, name in enumerate(wanted.like)]  # fmt: skip
        answer = search(
            self.store,
            Question(
                like=like,
                unlike=[self.query(name, None) for name in wanted.unlike],
                criteria=asked.criteria(),
                limit=min(end + 1, MOST),
                by=asked.weights(),
                other_artists=wanted.other_artists,
                min_score=wanted.min_score,
            ),
        )
        page = answer.results[wanted.start : end]
        more = len(answer.results) > end
        return Found(Answer(page, answer.matching), end if more else None)

    def _list(self, wanted: Wanted) -> Found:
        """Return a page of the works that fit."""
        if wanted.unlike or wanted.other_artists or wanted.region is not None:
            raise QueryError("unlike, other_artists and region need a work to be like; give like")
        filter_ = make_filter(wanted.asked.criteria(), self.store)
        years = None if wanted.asked.years is None else parse_year_filter(wanted.asked.years)
        page = self.listing.page(self.store, filter_, wanted.start, wanted.limit, years)
        results = listed(self.store, page.point_ids)
        return Found(Answer(results, self.counter.works(wanted.asked)), page.next)

    def work(self, work_id: str) -> list[Record]:
        """Return a work's images with all that is known of them, the primary one first.

        Raises:
            QueryError: there is no such work.
        """
        if work_id.startswith(UPLOAD):
            raise MissingError("a picture that was sent is no work of the collection")
        query = self.query(work_id, None)
        records = self.store.retrieve(query.point_ids)
        return [records[point_id] for point_id in query.point_ids if point_id in records]

    def records(self, ids: Sequence[str]) -> list[Record]:
        """Return one image of each of the works called so, in that order; unknown ones are left."""
        asked = filters.all_of([filters.any_of("id", list(dict.fromkeys(ids)))])
        first: dict[str, Record] = {}
        for record in self.store.scroll(asked):
            known = first.setdefault(record.payload["id"], record)
            if record.payload.get("view") == "primary" != known.payload.get("view"):
                first[record.payload["id"]] = record
        return [first[each] for each in dict.fromkeys(ids) if each in first]

    def image(self, point_id: str, side: int) -> bytes:
        """Return a work's picture as JPEG, its longest side ``side`` pixels or less.

        Raises:
            MissingError: there is none, or it can't be read and no thumbnail stands in.
        """
        records = self.store.retrieve([point_id], keys=_OF_IMAGE)
        if point_id not in records or not records[point_id].payload.get("thumbnail"):
            raise MissingError(f"there is no picture {point_id}")
        payload = records[point_id].payload
        if side <= THUMBNAIL_SIDE:
            return base64.b64decode(payload["thumbnail"].partition(",")[2])
        with self._decoding:
            return _to_jpeg(self.pictures.of_work(payload, point_id, side))

    def sent(self, sha256: str, side: int) -> bytes:
        """Return a picture that was sent, as JPEG.

        Raises:
            MissingError: it is not kept any more.
        """
        query = self.query(UPLOAD + sha256, None)
        with self._decoding:
            return _to_jpeg(self.pictures.of_query(query, side))

    def drawing(self, name: str, aspect: str, side: int) -> bytes:
        """Return what was found in a picture, drawn on it, as JPEG.

        Raises:
            QueryError: there is no such work or picture.
        """
        query = self.query(name, None)
        with self._decoding:
            return _to_jpeg(draw(aspect, self.pictures.of_query(query, side), query.payload))

    def size_of(self, query: Query) -> tuple[int, int]:
        """Return the width and height in pixels of a picture that was sent."""
        with PIL.Image.open(io.BytesIO(query.image or b"")) as image:
            return image.size

    @property
    def name(self) -> str:
        """What the collection is called."""
        return Location.of(self.store.location).name


_OF_IMAGE = ("id", "image", "image_folder", "image_url", "image_sha256", "thumbnail")


def _to_jpeg(picture: PIL.Image.Image) -> bytes:
    """Return a JPEG of the pixels alone: a comment may be a script that waits for a reader."""
    buffer = io.BytesIO()
    picture.info = {name: value for name, value in picture.info.items() if name == "icc_profile"}
    picture.save(buffer, "JPEG", quality=84)
    return buffer.getvalue()
