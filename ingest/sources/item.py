"""What a source yields: a work to ingest, or why there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from artextract.catalog.artwork import Artwork
from artextract.images.opening import read_image_file
from artextract.net.fetch import fetch, is_url


@dataclass(frozen=True, slots=True)
class Item:
    """An artwork and where its picture is read from: a file below ``folder``, or a URL."""

    artwork: Artwork
    folder: Path | None
    """Folder of the picture; None where it is at a URL, ``artwork.image`` or ``image_url``."""
    allow_private: bool = False

    @property
    def key(self) -> str:
        """What tells it from all others of its source, for the journal: the artwork's id.

        Of a work's several images, the alternate ones have their own name behind it.
        """
        artwork = self.artwork
        return f"{artwork.id} {artwork.image}" if artwork.view == "alternate" else artwork.id

    @property
    def version(self) -> str | None:
        """Text that changes when the picture does; None where only its bytes tell."""
        return None

    def read(self) -> bytes:
        """Return the bytes of the picture's file; called from many threads.

        Raises:
            ImageError: the file can't be read.
            FetchError: the URL can't be fetched.
        """
        if self.folder is None:
            image = self.artwork.image
            url = image if is_url(image) else self.artwork.image_url or image
            return fetch(url, allow_private=self.allow_private)
        return read_image_file(self.folder / self.artwork.image)

    def discard(self) -> None:
        """Forget any copy of what was read: it is no picture that can be opened."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A work that can't be ingested: its key, its image as the source names it, and the reason."""

    key: str
    image: str
    reason: str


class Source(Protocol):
    """Where works come from."""

    def count(self) -> int:
        """Return how many works (and failures) :meth:`__iter__` will yield."""
        ...

    def __iter__(self) -> Iterator[Item | Failure]:
        """Iterate over the works, always in the same order."""
        ...
