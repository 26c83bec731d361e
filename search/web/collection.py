"""The collection behind the page: the facade, uploaded images, and caches."""

import base64
import io
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import PIL.Image

from artextract.aspects import ASPECTS
from artextract.collection import Collection
from artextract.errors import ImageError, MissingError, QueryError
from artextract.images.opening import THUMBNAIL_SIDE, open_sized
from artextract.store import Record, filters
from search.answer import Answer
from search.counts import Counter
from search.engine import list_points, primary_images
from search.filtering import make_filter
from search.images import ImageReader
from search.query import Query
from search.region import Part
from search.request import MAXIMUM_LIMIT, SearchRequest
from search.web.listing import Listing
from search.web.uploads import Uploads

_LOG = logging.getLogger(__name__)

UPLOAD = "picture:"
"""Prefix of the name of an uploaded image; the SHA-256 of its bytes follows."""

_FRESH_SECONDS = 15.0

_DECODED_AT_ONCE = 4
"""A large image takes up to half a GiB while it is decoded."""


class ResultPage(NamedTuple):
    """A page of results; ``next`` is where the following one starts, None after the last."""

    answer: Answer
    next: int | None


class ServedCollection:
    """A collection with what the page needs; all methods can be called from several threads."""

    def __init__(self, collection: Collection, uploads: Uploads) -> None:
        self.collection = collection
        self.store = collection.store
        self.uploads = uploads
        self.images = ImageReader(self.store)
        self._decoding = threading.BoundedSemaphore(_DECODED_AT_ONCE)
        self._reading = threading.Lock()
        self._listing: Listing | None = None
        self._counter: Counter | None = None
        self._refreshed_at = time.monotonic()
        self.query = lru_cache(32)(self._query)  # it holds the bytes of uploaded images, too

    def _refresh(self) -> None:
        """Forget what was read before another process changed the collection."""
        if time.monotonic() - self._refreshed_at > _FRESH_SECONDS:
            self._refreshed_at = time.monotonic()
            if self.store.refresh():
                self._listing = self._counter = None
                self.query.cache_clear()

    @property
    def counter(self) -> Counter:
        """The counter of facets, made when it is first needed."""
        with self._reading:
            self._refresh()
            if self._counter is None:
                self._counter = Counter(self.store)
            return self._counter

    @property
    def listing(self) -> Listing:
        """All artworks in order, read when they are first needed."""
        with self._reading:
            self._refresh()
            if self._listing is None:
                self._listing = Listing(self.store)
            return self._listing

    def prepare(self) -> None:
        """Make what the first visitor would wait for."""
        self.listing  # noqa: B018 (reading it makes it)
        self.counter  # noqa: B018

    def _query(self, name: str, region: Part | None = None, photograph: bool = False) -> Query:
        """Return an artwork of the collection or an uploaded image, or a region of it.

        ``photograph``: whether to look for paintings in an uploaded image.

        Raises:
            QueryError: there is none, or an artwork is to be a photograph.
            ImageError: its image can't be read.
        """
        reader, aspects = self.collection.reader, self.collection.aspects
        if name.startswith(UPLOAD):
            data = self.uploads.read(name.removeprefix(UPLOAD))
            if photograph:
                return reader.read_photograph("your image", data, aspects=aspects)
            return reader.read_image("your image", data, aspects=aspects, region=region)
        if photograph:
            raise QueryError(
                f"`photograph` needs an uploaded image, and {name!r} is an artwork of the "
                "collection; leave out `photograph`"
            )
        try:
            return reader.read_artwork(name, aspects=aspects, region=region)
        except ImageError as error:
            _LOG.warning("%s", error)  # it names a file of this machine, hidden from clients
            raise ImageError(
                f"the image of {name!r} can't be read any more; search by the whole of it"
            ) from error

    def search(self, request: SearchRequest, start: int = 0) -> ResultPage:
        """Return a page of ``limit`` results from ``start`` on.

        Raises:
            QueryError: see :meth:`artextract.Collection.search`.
        """
        end = start + request.limit
        if not request.like:
            return self._list(request, start)
        if end > MAXIMUM_LIMIT:
            raise QueryError(
                f"pages end after the {MAXIMUM_LIMIT:,} most similar artworks; add filters"
            )
        like = [
            self.query(str(name), None if at else request.part, request.photograph)
            for at, name in enumerate(request.like)
        ]
        encoded = replace(
            request,
            like=like,
            unlike=[self.query(str(name)) for name in request.unlike],
            limit=min(end + 1, MAXIMUM_LIMIT),
        )
        answer = self.collection.search(encoded).answer
        page = replace(answer, results=answer.results[start:end])
        return ResultPage(page, end if len(answer.results) > end else None)

    def _list(self, request: SearchRequest, start: int) -> ResultPage:
        """Return a page of the artworks that satisfy the filters, the earliest first."""
        filter_ = make_filter(request.filters, self.store)
        years = request.filters.year_range()
        page = self.listing.page(self.store, filter_, start, request.limit, years)
        results = list_points(self.store, page.point_ids)
        matching = self.counter.artworks(request.filters)
        return ResultPage(Answer(request, (), (), results, matching), page.next)

    def artwork(self, artwork_id: str) -> list[Record]:
        """Return an artwork's images with all that is known of them, the primary one first.

        Raises:
            QueryError: there is no such artwork.
        """
        if artwork_id.startswith(UPLOAD):
            raise MissingError("an uploaded image is no artwork of the collection")
        query = self.query(artwork_id)
        records = self.store.retrieve(query.point_ids)
        return [records[point_id] for point_id in query.point_ids if point_id in records]

    def records(self, ids: Sequence[str]) -> list[Record]:
        """Return one image of each of these artworks, in their order, without unknown ones."""
        some = filters.all_of([filters.any_of("id", list(dict.fromkeys(ids)))])
        found = primary_images(self.store.scroll(some))
        return [found[each] for each in dict.fromkeys(ids) if each in found]

    def image(self, point_id: str, side: int) -> bytes:
        """Return a stored image as JPEG, its longest side ``side`` pixels or less.

        Raises:
            MissingError: there is none, or neither it nor a thumbnail can be read.
        """
        records = self.store.retrieve([point_id], keys=_OF_IMAGE)
        if point_id not in records or not records[point_id].payload.get("thumbnail"):
            raise MissingError(f"there is no image {point_id}")
        payload = records[point_id].payload
        if side <= THUMBNAIL_SIDE:
            return base64.b64decode(payload["thumbnail"].partition(",")[2])
        with self._decoding:
            return _to_jpeg(self.images.of_point(payload, point_id, side))

    def uploaded(self, sha256: str, side: int) -> bytes:
        """Return an uploaded image as JPEG.

        Raises:
            MissingError: it is not kept any more.
        """
        query = self.query(UPLOAD + sha256)
        with self._decoding:
            return _to_jpeg(self.images.of_query(query, side))

    def drawing(self, name: str, aspect: str, side: int) -> bytes:
        """Return what was detected in an image, drawn on it, as JPEG.

        Raises:
            QueryError: there is no such artwork or image.
        """
        query = self.query(name)
        with self._decoding:
            image = self.images.of_query(query, side)
            return _to_jpeg(ASPECTS[aspect].draw(image, query.payload))


_OF_IMAGE = ("id", "image", "image_folder", "image_url", "image_sha256", "thumbnail")


def size_of(query: Query) -> tuple[int, int]:
    """Return the width and height in pixels of an uploaded image, upright."""
    return open_sized(query.image or b"", query.label, at_least=1)[1]


def _to_jpeg(image: PIL.Image.Image) -> bytes:
    """Return a JPEG of the pixels alone, without comments, which may hold a script."""
    buffer = io.BytesIO()
    image.info = {name: value for name, value in image.info.items() if name == "icc_profile"}
    image.save(buffer, "JPEG", quality=84)
    return buffer.getvalue()
