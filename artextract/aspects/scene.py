"""Scene: what kind of scene it is, by the genre that a classifier sees and by who is in it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from artextract.aspects.grid import Floats, bumps, to_unit
from artextract.aspects.usual import usual

__all__ = ["PEOPLE", "people", "scene"]

_HEADS, _BODIES = (0, 1, 2, 4), (0, 1, 2, 4, 6)
_SIZES = (-5, -4, -3, -2, -1)  # log2 of the share of the picture's height
_SHARES = (0.6, 0.4)

PEOPLE = len(_HEADS) + len(_BODIES) + 2 * len(_SIZES)
"""Numbers that tell of people; a scene's vector has these and one for each genre."""


def scene(genre: Floats, facts: Mapping[str, Any]) -> Floats:
    """Return the vector (number of genres + 19,) of a picture, of length 1.

    Args:
        genre: Probabilities of the genres, which add up to 1.
        facts: ``faces`` and ``bodies``, as :mod:`artextract.aspects.measure` gives them.
    """
    told = np.sqrt(genre)
    parts = (to_unit(told - told.mean()), to_unit(people(facts) - usual("people")))
    weighted = [np.sqrt(share) * part for share, part in zip(_SHARES, parts, strict=True)]
    return to_unit(np.concatenate(weighted).astype(np.float32))


def people(facts: Mapping[str, Any]) -> Floats:
    """Return how many heads and bodies there are and how large the largest are (19,)."""
    heads = facts["faces"].get("heads", [])
    bodies = facts["bodies"].get("bodies", [])
    head = max((each["box"][3] for each in heads), default=0.0)
    heights = [
        max(place[1] for place in each if place) - min(place[1] for place in each if place)
        for each in bodies
    ]
    return np.concatenate(
        [
            bumps(min(len(heads), _HEADS[-1]), _HEADS, 0.6),
            bumps(min(len(bodies), _BODIES[-1]), _BODIES, 0.8),
            bumps(float(np.log2(max(head, 2.0 ** _SIZES[0]))), _SIZES, 0.7),
            bumps(float(np.log2(max([*heights, 2.0 ** _SIZES[0]]))), _SIZES, 0.7),
        ]
    )
