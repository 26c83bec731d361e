"""What a source yields: images to ingest, reasons why one can't be ingested, and notes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from artextract.catalog.artwork import Artwork
from artextract.catalog.notes import Note
from artextract.errors import FetchError, UnavailableError
from artextract.images.opening import read_image_file
from artextract.net.fetch import is_url

if TYPE_CHECKING:
    from ingest.sources.iiif import ImageServer


@dataclass(frozen=True, slots=True)
class Item:
    """An artwork and the location of its image: a file below ``folder``, or a URL."""

    artwork: Artwork
    folder: Path | None
    """Folder of the image; None if it is at a URL, ``artwork.image`` or ``image_url``."""
    server: "ImageServer | None" = None
    """Fetches an image that is at a URL."""

    @property
    def key(self) -> str:
        """The item's unique name in the journal: the artwork's id.

        For an alternate image of an artwork, the image's name follows.
        """
        artwork = self.artwork
        return f"{artwork.id} {artwork.image}" if artwork.view == "alternate" else artwork.id

    @property
    def version(self) -> str | None:
        """Text that changes with the image; None if only its bytes show a change."""
        return None

    def named_by_folder(self) -> Self:
        """Return the item with its folder's name before its id, for a name used by two folders."""
        if self.folder is None:
            return self
        return replace(
            self, artwork=replace(self.artwork, id=f"{self.folder.name}/{self.artwork.id}")
        )

    def read(self) -> bytes:
        """Return the bytes of the image file; called from many threads.

        Raises:
            ImageError: the file can't be read.
            FetchError: the URL can't be fetched.
        """
        if self.folder is not None:
            return read_image_file(self.folder / self.artwork.image)
        if self.server is None:
            raise FetchError(f"{self._url} can't be fetched: the source has no `server` for images")
        try:
            return self.server.read(self._url, self._url)
        except UnavailableError as error:  # images of other hosts are still to be had
            raise FetchError(str(error)) from error

    def discard(self) -> None:
        """Remove a cached copy of the image, which can't be opened."""
        if self.server is not None:
            self.server.forget(self._url)

    @property
    def _url(self) -> str:
        image = self.artwork.image
        return image if is_url(image) else self.artwork.image_url or image


@dataclass(frozen=True, slots=True)
class Failure:
    """An image that can't be ingested: its key, its name in the source, and the reason."""

    key: str
    image: str
    reason: str


class Source(Protocol):
    """Where artworks come from."""

    @property
    def name(self) -> str:
        """Where the artworks are, such as a path; its notes are kept under this name."""
        ...

    def count(self) -> int:
        """Return how many items and failures :meth:`__iter__` yields."""
        ...

    def __iter__(self) -> Iterator[Item | Failure | Note]:
        """Iterate over the items and failures, always in the same order.

        Notes say what is left unknown or aside; those on an artwork come before it.
        """
        ...
