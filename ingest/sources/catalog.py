"""The artworks of a catalog, with images in a folder or at URLs."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from artextract.catalog.artwork import Artwork
from artextract.catalog.reading import BadRow, count_rows, read_catalog
from artextract.errors import CatalogError, InputError
from artextract.net.fetch import is_url
from ingest.sources.item import Failure, Item


class CatalogSource:
    """Yields each row of a catalog; a row without a usable artwork yields a failure."""

    def __init__(
        self,
        path: Path,
        images: Path,
        mapping: Mapping[str, str] | None = None,
        *,
        allow_private: bool = False,
    ) -> None:
        """Count the rows of the catalog ``path``, whose images are in the folder ``images``.

        Raises:
            CatalogError: the catalog can't be read, or has no rows.
            InputError: the folder is missing.
        """
        self._path = path
        self._mapping = mapping
        self._allow_private = allow_private
        if not images.is_dir():
            raise InputError(
                f"there is no folder {images} for the catalog's images; name it with `images`"
            )
        self.folder = images.resolve()
        self._count = count_rows(path, mapping)
        if not self._count:
            raise CatalogError(f"{path} has no rows; add one for each artwork")

    def count(self) -> int:
        """Return the number of rows."""
        return self._count

    def __iter__(self) -> Iterator[Item | Failure]:
        for number, row in read_catalog(self._path, self._mapping, source=self._path.stem):
            if isinstance(row, BadRow):
                yield self._failure(number, "", row.reason)
            else:
                yield self._item(number, row)

    def _item(self, number: int, artwork: Artwork) -> Item | Failure:
        if is_url(artwork.image) or (
            artwork.image_url is not None and not (self.folder / artwork.image).is_file()
        ):
            return Item(artwork, None, self._allow_private)
        # Not resolved: the catalog must not leave the folder, but links in the folder may.
        inside = os.path.relpath(os.path.join(self.folder, artwork.image), self.folder)
        if inside == os.pardir or inside.startswith(os.pardir + os.sep):
            return self._failure(
                number,
                artwork.image,
                f"image {artwork.image!r} points outside the images' folder {self.folder}",
            )
        return Item(artwork, self.folder)

    def _failure(self, number: int, image: str, reason: str) -> Failure:
        name = f"{self._path.name} row {number}"
        return Failure(name, image, f"{name}: {reason}")
