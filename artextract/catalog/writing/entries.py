"""What is written: one entry for each image of a collection or of search results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from artextract.catalog.artwork import METADATA_FIELDS

Format = Literal["csv", "jsonl", "parquet", "iiif"]

ENTRY_KEYS = (*METADATA_FIELDS, "extra", "predicted", "width", "height", "image_sha256")
"""Payload keys that an entry needs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of an artwork, with its payload in the collection.

    Only search results have ``rank`` (from 1), ``score`` and ``aspects`` {aspect: cosine}.
    """

    point_id: str
    payload: Mapping[str, Any]
    rank: int | None = None
    score: float | None = None
    aspects: Mapping[str, float] = field(default_factory=dict)


class Entries(Protocol):
    """Entries that can be counted, and iterated over several times."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Entry]: ...


@dataclass(frozen=True, slots=True)
class Saved:
    """How many artworks and images a file holds, and {reason: images} of those left out of it."""

    format: Format
    works: int
    images: int
    left_out: Mapping[str, int] = field(default_factory=dict)
