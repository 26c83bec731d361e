"""What a source yields: a work to ingest, or why there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from artextract.artwork import Artwork
from artextract.fetch import fetch
from artextract.images import read_image_file

__all__ = ["Failure", "Item", "Source"]


@dataclass(frozen=True, slots=True)
class Item:
    """An artwork and where its picture is read from.

    ``key`` tells it from all others of its source: the artwork's id, for the journal.
    """

    artwork: Artwork
    folder: Path | None
    """Folder of the picture; None where ``artwork.image`` is a URL."""
    allow_private: bool = False

    @property
    def key(self) -> str:
        """The artwork's id."""
        return self.artwork.id

    def read(self) -> bytes:
        """Return the bytes of the picture's file.

        Raises:
            ImageError: the file can't be read.
            FetchError: the URL can't be fetched.
        """
        if self.folder is None:
            return fetch(self.artwork.image, allow_private=self.allow_private)
        return read_image_file(self.folder / self.artwork.image)


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
