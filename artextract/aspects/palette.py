"""Palette: which colours there are and how much of each, whatever the layout.

A histogram over L*a*b* whose cells overlap (each colour counts in the eight cells around it), and
its square root, whose scalar product is the Bhattacharyya coefficient (1943), less what is usual.
"""

from typing import Any

import numpy as np

from artextract.aspects.grid import Floats, to_unit
from artextract.aspects.usual import usual

__all__ = ["DIMENSION", "NAMES", "amounts", "palette", "palette_facts"]

_LIGHTNESS, _CHROMA = 5, 7  # cells of L*, and of a* and b* each
_REACH = 60.0  # a* and b* beyond it count in the outermost cells

DIMENSION = _LIGHTNESS * _CHROMA * _CHROMA

NAMES = (
    "black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown",
)  # fmt: skip
"""The basic colour terms of English (Berlin and Kay 1969)."""

_MAIN_SHARE = 0.1
_MOST_NAMED = 4


def palette(lab: Floats) -> Floats:
    """Return the vector (245,) of a picture (64, 64, 3) in L*a*b*, of length 1."""
    return to_unit(amounts(lab) - usual("palette"))


def amounts(lab: Floats) -> Floats:
    """Return the square roots of how much of each colour there is (245,); squares add up to 1."""
    flat = lab.reshape(-1, 3)
    most = np.asarray([_LIGHTNESS - 1, _CHROMA - 1, _CHROMA - 1])
    places = np.stack(
        [flat[:, 0] / 100, (flat[:, 1] / _REACH + 1) / 2, (flat[:, 2] / _REACH + 1) / 2]
    )
    places = np.clip(places * most[:, None], 0, most[:, None])
    low = np.minimum(places.astype(np.intp), most[:, None] - 1)
    above = places - low
    shares = (1 - above, above)  # of the lower and of the upper cell, along each axis
    first = (low[0] * _CHROMA + low[1]) * _CHROMA + low[2]
    counts = np.zeros(DIMENSION)
    for light, a, b in np.ndindex(2, 2, 2):
        weights = shares[light][0] * shares[a][1] * shares[b][2]
        counts += np.bincount(first + (light * _CHROMA + a) * _CHROMA + b, weights, DIMENSION)
    return np.asarray(np.sqrt(counts / len(flat)), np.float32)


def palette_facts(lab: Floats) -> dict[str, Any]:
    """Return ``main``, names of the colours that cover a tenth or more, and ``shares`` of all.

    ``main`` has at most four of ``NAMES``, the most first, and never none; ``shares`` is
    {name: fraction of the picture}.
    """
    names = _name(lab.reshape(-1, 3))
    counts = np.bincount(names, minlength=len(NAMES)) / len(names)
    order = np.argsort(-counts, kind="stable")
    main = [NAMES[at] for at in order[:_MOST_NAMED] if counts[at] >= _MAIN_SHARE]
    shares = {NAMES[at]: round(float(counts[at]), 3) for at in order if counts[at] >= 0.005}
    return {"main": main or [NAMES[order[0]]], "shares": shares}


def _name(lab: Floats) -> "np.typing.NDArray[np.intp]":
    """Return the number in ``NAMES`` of each colour (n, 3).

    Hue angles in degrees of a*, b* part the chromatic terms; where they lie follows the centres of
    Sturges and Whitfield (1995, doi:10.1002/col.5080200605), as does brown, a dark orange.
    """
    light, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    hue = np.mod(np.degrees(np.arctan2(lab[:, 2], lab[:, 1])), 360)
    at = {name: number for number, name in enumerate(NAMES)}
    hues = [
        (hue < 20) | (hue >= 345), hue < 42, hue < 76, hue < 105, hue < 190, hue < 295,
    ]  # fmt: skip
    warm = np.where(light < 55, at["brown"], at["orange"])
    red = np.where(light > 65, at["pink"], at["red"])
    ruddy = np.where(
        (chroma < 40) & (light < 60), at["brown"], np.where(light > 68, at["pink"], at["red"])
    )
    gold = np.where(light < 50, at["brown"], at["yellow"])
    named = np.select(
        hues,
        [red, ruddy, warm, gold, np.full_like(warm, at["green"]), np.full_like(warm, at["blue"])],
        np.where(light > 65, at["pink"], at["purple"]),
    )
    grey = np.where(light < 18, at["black"], np.where(light > 85, at["white"], at["grey"]))
    dull = (chroma < 9) | ((light < 14) & (chroma < 14))
    return np.where(dull, grey, named)
