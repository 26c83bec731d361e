"""What is written to a collection and read from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """One image to store: its id (a UUID as text), {aspect: vector}, and the payload.

    The payload is that of :meth:`artextract.catalog.artwork.Artwork.to_payload`, with the detected
    facts, the predictions, the thumbnail, and width, height and SHA-256 of the image.
    """

    id: str
    vectors: Mapping[str, Sequence[float]]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A stored point; ``payload`` and ``vectors`` hold only what was requested."""

    id: str
    payload: Mapping[str, Any]
    vectors: Mapping[str, list[float]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found by similarity; ``score`` is the cosine, from -1 to 1."""

    id: str
    score: float
    payload: Mapping[str, Any]
