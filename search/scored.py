"""A point that was found, and what makes up its score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Scored"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A point of an answer: cosines of each aspect, and their shares, which add up to the score."""

    id: str
    score: float
    aspects: dict[str, float]
    shares: dict[str, float]
    payload: Mapping[str, Any]
