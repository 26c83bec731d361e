"""The artworks of a catalog, with images in a folder or at URLs."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from artextract.catalog.artwork import Artwork
from artextract.catalog.names import unicode_forms
from artextract.catalog.notes import Note
from artextract.catalog.reading import BadRow, count_rows, read_catalog
from artextract.errors import CatalogError, InputError
from artextract.net.fetch import is_url
from ingest.sources.iiif import ImageServer
from ingest.sources.item import Failure, Item


class CatalogSource:
    """Yields each row of a catalog; a row without a usable artwork yields a failure.

    An image is also looked for under its name in the other Unicode form (NFC, NFD), and with
    slashes for backslashes.
    """

    def __init__(
        self,
        path: Path,
        images: Path,
        mapping: Mapping[str, str] | None = None,
        *,
        server: ImageServer | None = None,
    ) -> None:
        """Count the rows of the catalog ``path``, whose images are in the folder ``images``.

        ``server`` fetches those that are at URLs; without one, they are failures.

        Raises:
            CatalogError: the catalog can't be read, or has no rows.
            InputError: the folder is missing.
        """
        self.name = str(path.resolve())
        self._path = path
        self._mapping = mapping
        self._server = server
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

    def __iter__(self) -> Iterator[Item | Failure | Note]:
        notes: list[Note] = []
        rows = read_catalog(self._path, self._mapping, self._path.stem, on_note=notes.append)
        for number, row in rows:
            yield from notes
            notes.clear()
            if isinstance(row, BadRow):
                yield self._failure(number, "", row.reason)
            else:
                yield self._item(number, row)

    def _item(self, number: int, artwork: Artwork) -> Item | Failure:
        if is_url(artwork.image):
            return Item(artwork, None, self._server)
        image = _find_spelling(self.folder, artwork.image)
        if artwork.image_url is not None and not (self.folder / image).is_file():
            return Item(artwork, None, self._server)
        if image != artwork.image:
            artwork = replace(artwork, image=image)
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


def _find_spelling(folder: Path, name: str) -> str:
    """Return the path ``name`` as it is spelt in ``folder``; ``name`` itself if it isn't there.

    Files from a Mac have names in Unicode form NFD, and the catalog is in NFC.
    """
    if name.isascii() and "\\" not in name:
        return name
    for path in dict.fromkeys((name, name.replace("\\", "/"))):
        found = PurePath()
        for part in PurePath(path).parts:
            spellings = (form for form in unicode_forms(part) if (folder / found / form).exists())
            found /= next(spellings, part)
        if (folder / found).exists():
            return found.as_posix()
    return name.replace("\\", "/")
