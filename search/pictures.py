"""The picture of a result: its own file or URL's thumbnail, as large as asked for."""

import base64
import io
from pathlib import Path

import PIL.Image

from artextract.errors import ImageError
from artextract.fetch import is_url
from artextract.images import open_image, read_image_file
from artextract.store import EmbeddedStore
from search.query import Query
from search.searcher import Result, image_of

__all__ = ["query_picture", "result_picture"]


def result_picture(store: EmbeddedStore, result: Result, side: int) -> PIL.Image.Image:
    """Return a result's picture (RGB), its longest side ``side`` pixels, or less where it is small.

    It is read from the work's own file; where that is a URL, or has been moved since it was
    ingested, the thumbnail that the collection keeps stands in.
    """
    return _from_file_or_thumbnail(store, result.image, result.point_id, side)


def query_picture(store: EmbeddedStore, query: Query, side: int) -> PIL.Image.Image:
    """Return a query's picture (RGB), its longest side ``side`` pixels or less."""
    if query.image is not None:
        return _fit(open_image(query.image, query.label, at_least=side), side)
    return _from_file_or_thumbnail(store, image_of(query.payload), query.point_ids[0], side)


def _from_file_or_thumbnail(
    store: EmbeddedStore, image: str, point_id: str, side: int
) -> PIL.Image.Image:
    if not is_url(image):
        try:
            return _fit(open_image(read_image_file(Path(image)), image, at_least=side), side)
        except ImageError:
            pass  # moved or changed since: the thumbnail is what was embedded
    record = store.retrieve([point_id], keys=["thumbnail"])[point_id]
    data = base64.b64decode(record.payload["thumbnail"].partition(",")[2])
    with PIL.Image.open(io.BytesIO(data)) as thumbnail:
        return _fit(thumbnail.convert("RGB"), side)


def _fit(image: PIL.Image.Image, side: int) -> PIL.Image.Image:
    """Return ``image`` with its longest side ``side`` pixels, enlarged at most twice."""
    scale = min(side / max(image.size), 2.0)
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), PIL.Image.Resampling.LANCZOS)
