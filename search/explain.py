"""Why two artworks match: the cosine of each aspect, a sentence, and their most similar details."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from artextract.aspects import ASPECTS
from artextract.aspects.base import Compared
from search.query import Query
from search.region import Region

if TYPE_CHECKING:
    import PIL.Image

_SHARE, _STEPS = 0.5, 3  # windows of half the width and height, three by three


@dataclass(frozen=True, slots=True)
class Reason:
    """One aspect of a match; ``score`` is the cosine, None where one image has no such vector."""

    aspect: str
    score: float | None
    sentence: str

    @property
    def label(self) -> str:
        """What pages and the command line call the aspect."""
        return ASPECTS[self.aspect].label


@dataclass(frozen=True, slots=True)
class Details:
    """A detail of each of two images, and the cosine of their "visual" vectors."""

    one: Region
    other: Region
    score: float


def explain(one: Query, other: Query) -> list[Reason]:
    """Return a reason for each aspect that one of the two has, in the order of ``ASPECTS``."""
    reasons = []
    for name, aspect in ASPECTS.items():
        first, second = one.vectors.get(name), other.vectors.get(name)
        if first is not None and second is not None:
            sentence = aspect.describe(
                Compared(first, one.payload), Compared(second, other.payload)
            )
            reasons.append(Reason(name, float(np.dot(first, second)), sentence))
        elif first is not None or second is not None:
            lacking = one if first is None else other
            reasons.append(Reason(name, None, f"{aspect.absent} in {lacking.label!r}"))
    return reasons


def find_details(
    encode: "Callable[[PIL.Image.Image], Sequence[float]]",
    one: "PIL.Image.Image",
    other: "PIL.Image.Image",
) -> Details:
    """Return the most similar pair of details, of nine overlapping ones in each image.

    ``encode`` returns the "visual" vector of an image.
    """
    offsets = np.linspace(0, 1 - _SHARE, _STEPS)
    regions = [Region(float(x), float(y), _SHARE, _SHARE) for y in offsets for x in offsets]
    rows = [np.asarray([encode(region.cut(image)) for region in regions]) for image in (one, other)]
    cosines = rows[0] @ rows[1].T
    first, second = np.unravel_index(int(np.argmax(cosines)), cosines.shape)
    return Details(regions[first], regions[second], float(cosines[first, second]))
