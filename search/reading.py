"""Reading and encoding query images: files, URLs, artworks of the collection, images in memory."""

import io
import os
import reprlib
import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.catalog.artwork import METADATA_FIELDS, Artwork
from artextract.catalog.names import closest, fold
from artextract.errors import MissingError, QueryError
from artextract.net.fetch import fetch, is_url
from artextract.store import Record, Store, filters
from search.query import Query
from search.region import Part, cut_file
from search.request import Example

if TYPE_CHECKING:
    import PIL.Image

    from artextract.encoding.encoder import ImageEncoder
    from artextract.models.session import Device

_IDS_LIMIT = 100_000

_PHOTOGRAPH_SIDE = 960
"""Shortest side of the photographs, in pixels, in which paintings are found."""


class QueryReader:
    """Encodes query images with the models that made the collection; for several threads at once.

    Models are loaded when the first image needs them. An artwork of the collection needs none.
    """

    def __init__(
        self,
        store: Store,
        *,
        model: str | None = None,
        device: "Device" = "cpu",
        allow_private: bool = False,
    ) -> None:
        """Encode queries for ``store``.

        Args:
            store: The collection.
            model: The file of a model of the collection that has been moved.
            device: Where the networks run.
            allow_private: Whether a URL may be on the user's own network.
        """
        self._store = store
        self._model = model
        self._device = device
        self._allow_private = allow_private
        self._encoder: ImageEncoder | None = None
        self._encodes: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def read(
        self,
        example: Example,
        *,
        aspects: Sequence[str] = ("visual",),
        region: Part | None = None,
        photograph: bool = False,
    ) -> Query:
        """Return the query that ``example`` gives.

        A text is a file if there is one of that name, a URL, or else the id of an artwork.

        Args:
            example: The query image.
            aspects: The vectors that are needed.
            region: The part of the image to search with; None for all of it.
            photograph: Whether to look for paintings in the image, for ``Query.outlines``.

        Raises:
            QueryError: there is no such file or artwork; or ``photograph`` is set, and it is an
                artwork, or a query that was encoded without it.
            ImageError: it is no image that can be opened safely.
            FetchError: the URL can't be fetched.
        """
        if isinstance(example, Query):
            if photograph and example.outlines is None:
                raise QueryError(
                    f"{example.label!r} was encoded without `photograph`; give its image"
                )
            return example
        if isinstance(example, (str, os.PathLike)):
            text = os.fspath(example)
            path = Path(text)
            if is_url(text):
                name, data = text, fetch(text, allow_private=self._allow_private)
            elif _is(path, stat.S_ISREG):
                from artextract.images.opening import read_image_file

                name = path.name.encode("utf-8", "replace").decode("utf-8")
                data = read_image_file(path)
            elif _is(path, stat.S_ISDIR):
                raise QueryError(f"{text} is a folder; give one image, a URL or an artwork's id")
            else:
                artwork = self.read_artwork(text, aspects=aspects, region=region, or_file=True)
                if photograph:
                    raise QueryError(
                        f"`photograph` needs an image file or its URL, and {text!r} is an artwork "
                        "of the collection; leave out `photograph`"
                    )
                return artwork
        else:
            _check_example(example)
            name, data = "image", example if isinstance(example, bytes) else _to_file(example)
        if photograph:
            return self.read_photograph(name, data, aspects=aspects)
        return self.read_image(name, data, aspects=aspects, region=region)

    def read_artwork(
        self,
        artwork_id: str,
        *,
        aspects: Sequence[str] = ("visual",),
        region: Part | None = None,
        or_file: bool = False,
    ) -> Query:
        """Return the query that is an artwork of the collection, or a region of its image.

        ``or_file``: an error says that there is no such file, either.

        Raises:
            QueryError: there is no such artwork.
            ImageError: a region is given, and the artwork's image can't be read any more.
        """
        records = self._find(artwork_id)
        if not records:
            self._refuse_artist(artwork_id)
            ids = [value for value, _ in self._store.facet("id", limit=_IDS_LIMIT)]
            near = closest(artwork_id, ids, 2)
            hint = f"; closest ids: {', '.join(near)}" if near else ""
            file = f"there is no file {artwork_id!r}, and " if or_file else ""
            called = "of that id" if or_file else repr(artwork_id)
            raise MissingError(
                f"{file}{'' if file else 'there is '}no artwork {called} in the collection{hint}"
            )
        first = records[0]  # the primary image, where the artwork has several
        artwork = Artwork.from_payload(first.payload)
        query = Query(
            label=artwork.title or artwork.id,
            vectors=dict(first.vectors),
            artwork=artwork,
            point_ids=tuple(record.id for record in records),
            payload=dict(first.payload),
        )
        if region is None:
            return query
        from search.images import read_original

        image = read_original(query.payload)
        vectors, payload = self.encode(region.cut(image), aspects)
        return replace(query, vectors=vectors, image=cut_file(region, image), payload=payload)

    def _find(self, identifier: str) -> list[Record]:
        """Return the images of the artwork with this id, or with this one of its numbers.

        Raises:
            QueryError: several artworks share that number.
        """
        for condition in (
            filters.any_of("id", [identifier]),
            filters.has_term("work_ids", [fold(identifier)]),
        ):
            records = list(self._store.scroll(filters.all_of([condition]), with_vectors=True))
            ids = sorted({record.payload["id"] for record in records})
            if len(ids) > 1:
                raise QueryError(
                    f"{len(ids)} artworks have the number {identifier!r}: {', '.join(ids[:5])}; "
                    "give one of these ids"
                )
            if records:
                return sorted(records, key=lambda record: record.payload.get("view") != "primary")
        return []

    def _refuse_artist(self, identifier: str) -> None:
        """Explain how to search for an artist's artworks where the identifier is the artist's.

        Raises:
            QueryError: it is.
        """
        by = filters.all_of([filters.has_term("artist_ids", [fold(identifier)])])
        if count := self._store.count_works(by):
            raise QueryError(
                f"{identifier!r} is an artist, not an artwork; list the artist's artworks ({count} "
                f"here) with `artist` {identifier}"
            )

    def read_image(
        self,
        name: str,
        data: bytes,
        *,
        aspects: Sequence[str] = ("visual",),
        region: Part | None = None,
    ) -> Query:
        """Return the query that is the image in the file ``data``, or a region of it.

        Raises:
            ImageError: it is no image that can be opened safely.
        """
        from artextract.images.opening import content_hash, open_image

        if region is not None:
            image = open_image(data, name)
            vectors, payload = self.encode(region.cut(image), aspects)
            return Query(name, vectors, image=cut_file(region, image), payload=payload)
        with self._lock:
            at_least = self.load(aspects).decode_at_least
        vectors, payload = self.encode(open_image(data, name, at_least=at_least), aspects)
        artwork = self._find_file(vectors, content_hash(data))
        return Query(name, vectors, artwork, image=data, payload=payload)

    def read_photograph(
        self, name: str, data: bytes, *, aspects: Sequence[str] = ("visual",)
    ) -> Query:
        """Return the query that is the photograph in the file ``data``, with its paintings.

        Raises:
            ImageError: it is no image that can be opened safely.
            PackageError: OpenCV is not installed.
        """
        from artextract.images.opening import open_image
        from artextract.packages import check_opencv
        from search.paintings import find_outlines

        check_opencv("`photograph`")
        whole = self.read_image(name, data, aspects=aspects)
        image = open_image(data, name, at_least=_PHOTOGRAPH_SIDE)
        image = image.reduce(max(1, min(image.size) // _PHOTOGRAPH_SIDE))
        found = find_outlines(image)
        cuts = [outline.corners.cut(image) for outline in found]
        with self._lock:
            encoded = self.load(aspects).encode_several(cuts) if cuts else []
        outlines = tuple(
            Query(name, each.vectors, payload=each.payload, corners=outline.corners,
                  painting=outline.painting)
            for outline, each in zip(found, encoded, strict=True)
        )  # fmt: skip
        return replace(whole, outlines=outlines)

    def encode(
        self, image: "PIL.Image.Image", aspects: Sequence[str]
    ) -> tuple[dict[str, list[float]], dict[str, Any]]:
        """Return the vectors of an RGB image, and the facts that are detected in it."""
        with self._lock:
            encoded = self.load(aspects).encode(image)
        vectors = {name: encoded.vectors[name] for name in aspects if name in encoded.vectors}
        return vectors, encoded.payload

    def _find_file(self, vectors: dict[str, list[float]], sha256: str) -> Artwork | None:
        """Return the artwork whose image is the very same file, if the collection has it."""
        keys = (*METADATA_FIELDS, "image_sha256")
        for aspect, vector in list(vectors.items())[:1]:
            for hit in self._store.search(vector, aspect=aspect, limit=3, keys=keys):
                if hit.payload["image_sha256"] == sha256:
                    return Artwork.from_payload(hit.payload)
        return None

    def load(self, aspects: Sequence[str]) -> "ImageEncoder":
        """Return what encodes images for ``aspects`` as the collection's images were encoded.

        Raises:
            StoreMismatchError: a model that was found is another one.
            ModelError: one can't be found or loaded, or does not give what is needed.
        """
        if self._encoder is None or not self._encodes.issuperset(aspects):
            from artextract.encoding.loading import load_encoder

            needed = self._encodes.union(aspects)
            in_order = [name for name in self._store.manifest.vectors if name in needed]
            self._encoder = load_encoder(
                self._store.manifest, in_order, model=self._model, device=self._device
            )
            self._encodes = needed
        return self._encoder


def _check_example(example: object) -> None:
    """Check that ``example`` is the bytes of an image file or a PIL image.

    Raises:
        QueryError: it is something else.
    """
    import PIL.Image

    if not isinstance(example, (bytes, PIL.Image.Image)):
        several = "; give further images in `like`" if isinstance(example, (list, tuple)) else ""
        raise QueryError(
            f"a query is {reprlib.repr(example)} ({type(example).__name__}); expected one image: a "
            "file, a URL, the id of an artwork, the bytes of an image file, a PIL image or an "
            f"encoded query{several}"
        )


def _to_file(image: "PIL.Image.Image") -> bytes:
    """Return an image as a file without losses, its orientation applied and its profile kept."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    buffer = io.BytesIO()
    # PNG has no CMYK, and an image is opened as the file of the same pixels would be.
    upright.save(buffer, "TIFF" if upright.mode in ("CMYK", "YCbCr", "LAB") else "PNG",
                 icc_profile=image.info.get("icc_profile"))  # fmt: skip
    return buffer.getvalue()


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    """Return whether there is something of that kind at ``path``, which may be no path at all."""
    try:
        return kind(path.stat().st_mode)
    except (OSError, ValueError):  # missing, too long, or with a null byte: an id may be all that
        return False
