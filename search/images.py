"""Reading the images of queries and results in the size in which they are shown.

Pillow is imported when the first image is read: a search that shows none does not wait for it.
"""

import base64
import io
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.errors import ImageError
from artextract.images.cache import ImageCache, default_cache_folder
from artextract.net.fetch import is_url
from artextract.store import Store
from search.answer import Result, image_location
from search.query import Query
from search.region import Part

if TYPE_CHECKING:
    import PIL.Image


class ImageReader:
    """Reads the images of queries and results.

    Attributes:
        unreadable: The files that can no longer be read where they were ingested from, and the
            URLs of images that the cache does not hold. The thumbnail that the collection keeps
            replaces each.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.unreadable: set[str] = set()

    def of_result(self, result: Result, side: int) -> "PIL.Image.Image":
        """Return a result's image (RGB), its longest side ``side`` pixels or less.

        It is read from the file that was ingested, or from the cache where that was a URL. The
        thumbnail replaces a file that has been moved or damaged since, and one that is not cached.
        """
        return self.of_point(result.payload, result.point_id, side)

    def of_query(self, query: Query, side: int, part: Part | None = None) -> "PIL.Image.Image":
        """Return a query's image (RGB), or a part, its longest side ``side`` pixels or less."""
        from artextract.images.opening import open_image

        if part is not None and query.image is not None:
            return fit(part.cut(open_image(query.image, query.label, at_least=4 * side)), side)
        if query.image is not None:
            return fit(open_image(query.image, query.label, at_least=side), side)
        return self.of_point(query.payload, query.point_ids[0], side)

    def of_point(self, payload: Mapping[str, Any], point_id: str, side: int) -> "PIL.Image.Image":
        """Return a stored image as :meth:`of_result` does, by its payload and its point's id."""
        import PIL.Image

        with suppress(ImageError):
            return fit(read_original(payload, at_least=side), side)
        self.unreadable.add(image_location(payload))
        record = self._store.retrieve([point_id], keys=["thumbnail"])[point_id]
        data = base64.b64decode(record.payload["thumbnail"].partition(",")[2])
        with PIL.Image.open(io.BytesIO(data)) as thumbnail:
            return fit(thumbnail.convert("RGB"), side)


def read_original(payload: Mapping[str, Any], *, at_least: int | None = None) -> "PIL.Image.Image":
    """Return an artwork's image (RGB) in the size in which it was ingested.

    ``at_least``: see :func:`artextract.images.opening.open_sized`.

    Raises:
        ImageError: it can't be read where it was ingested from, nor from the cache.
    """
    from artextract.images.opening import open_image, read_image_file

    image = image_location(payload)
    path = None if is_url(image) else Path(image)
    if path is None:
        path = ImageCache(default_cache_folder()).path_of(payload["image_sha256"])
        if path is None:
            raise ImageError(
                f"the image of {payload['id']} is not in the cache ({image}); give it as a file"
            )
    return open_image(read_image_file(path), image, at_least=at_least)


def fit(image: "PIL.Image.Image", side: int) -> "PIL.Image.Image":
    """Return ``image`` with its longest side ``side`` pixels, enlarged at most twice."""
    import PIL.Image

    scale = min(side / max(image.size), 2.0)
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), PIL.Image.Resampling.LANCZOS)
