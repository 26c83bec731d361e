"""Why two works match: each aspect's cosine with a sentence, and their most similar parts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from artextract.aspects import ASPECTS
from artextract.aspects.words import say
from search.query import Query
from search.region import Region

if TYPE_CHECKING:
    import PIL.Image

    from artextract.encoding.encoder import Eyes

__all__ = ["Parts", "Reason", "explain", "find_parts"]

_SHARE, _STEPS = 0.5, 3  # windows of half the width and height, three by three


@dataclass(frozen=True, slots=True)
class Reason:
    """One aspect of a match; ``score`` is the cosine, None where one picture has no such vector."""

    aspect: str
    score: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Parts:
    """A part of each of two pictures, and the cosine of their "visual" vectors."""

    one: Region
    other: Region
    score: float


def explain(one: Query, other: Query) -> list[Reason]:
    """Return a reason for each aspect that one of the two has, in the order of ``ASPECTS``."""
    reasons = []
    for aspect in ASPECTS:
        vectors = [each.vectors.get(aspect) for each in (one, other)]
        if vectors[0] is None and vectors[1] is None:
            continue
        if vectors[0] is None or vectors[1] is None:
            lacking = one if vectors[0] is None else other
            what = {"face": "no head", "pose": "no body"}.get(aspect, "nothing")
            reasons.append(Reason(aspect, None, f"{what} was found in {lacking.label!r}"))
            continue
        sentence = say(aspect, (vectors[0], one.payload), (vectors[1], other.payload))
        reasons.append(Reason(aspect, float(np.dot(vectors[0], vectors[1])), sentence))
    return reasons


def find_parts(eyes: "Eyes", one: "PIL.Image.Image", other: "PIL.Image.Image") -> Parts:
    """Return the two parts that look most alike, of nine overlapping ones in each picture.

    ``eyes`` give "visual" vectors.
    """
    places = np.linspace(0, 1 - _SHARE, _STEPS)
    regions = [Region(float(x), float(y), _SHARE, _SHARE) for y in places for x in places]
    rows = [
        np.asarray([eyes.see(region.cut(image)).vectors["visual"] for region in regions])
        for image in (one, other)
    ]
    cosines = rows[0] @ rows[1].T
    first, second = np.unravel_index(int(np.argmax(cosines)), cosines.shape)
    return Parts(regions[first], regions[second], float(cosines[first, second]))
