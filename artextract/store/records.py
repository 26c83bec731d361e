"""What goes into a collection and comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Hit", "Point", "Record"]


@dataclass(frozen=True, slots=True)
class Point:
    """What is written: an id (UUID as text), a vector for each aspect, and the payload."""

    id: str
    vectors: Mapping[str, Sequence[float]]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """What is read back of a point; ``vectors`` is empty unless asked for."""

    id: str
    payload: Mapping[str, Any]
    vectors: Mapping[str, list[float]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found by likeness; ``score`` is the cosine, -1 to 1, higher is more alike."""

    id: str
    score: float
    payload: Mapping[str, Any]
