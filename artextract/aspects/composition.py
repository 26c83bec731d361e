"""Composition: where masses and lines lie, whatever they show.

The image is squeezed into a square, so that positions are fractions of its width and height, and
its lightness is standardised, so that exposure and contrast do not matter. Three parts: light and
dark masses on a grid, orientations of edges on a grid, and visual weight (what stands out from its
surroundings).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from artextract.aspects.base import Aspect, Compared
from artextract.aspects.grid import Floats, blocks, to_unit, weighted

if TYPE_CHECKING:
    from artextract.aspects.features import ImageFeatures

_MASSES, _LINES, _WEIGHT = 8, 4, 8  # cells a side
_DIRECTIONS = 6
_SHARES = (0.45, 0.25, 0.3)

_THIRDS = (("upper left", "top", "upper right"), ("left", "middle", "right"),
           ("lower left", "bottom", "lower right"))  # fmt: skip


class Composition(Aspect):
    """Masses, edges and visual weight on grids."""

    name = "composition"
    label = "Composition"
    summary = "the layout of masses and lines"
    source = (
        "Torralba and Oliva 2001, doi:10.1023/A:1011139631724 (masses); Dalal and Triggs 2005, "
        "doi:10.1109/CVPR.2005.177 (edges); Itti, Koch and Niebur 1998, doi:10.1109/34.730558 "
        "(weight)"
    )
    size = _MASSES**2 + _LINES**2 * _DIRECTIONS + _WEIGHT**2
    needs = frozenset({"lab"})
    absent = "nothing but one colour was found"

    def vector(self, image: "ImageFeatures") -> "Floats | None":
        return layout(image.lab)

    def describe(self, one: Compared, other: Compared) -> str:
        parts = []
        for word, sign in (("lightest", 1), ("darkest", -1)):
            first, second = (_brightest_third(sign * masses(each.vector)) for each in (one, other))
            if first == second:
                parts.append(f"both are {word} at the {first}")
            else:
                parts.append(f"one is {word} at the {first}, the other at the {second}")
        return "; ".join(parts)


def layout(lab: Floats) -> "Floats | None":
    """Return the vector (224,) of an image (64, 64, 3) in L*a*b*, of length 1.

    None for an image of one colour: it has no masses and no lines.
    """
    import numpy as np

    light = _standardised(lab[..., 0])
    down, along = np.gradient(light)
    strength = np.hypot(down, along)
    parts = (
        blocks(light, _MASSES),
        _edges(strength, np.arctan2(down, along)),
        _visual_weight(light, strength, lab),
    )
    vector = to_unit(weighted(_SHARES, parts))
    return vector if vector.any() else None


def masses(vector: Sequence[float]) -> Floats:
    """Return the light (above 0) and dark masses in a vector, (8, 8)."""
    import numpy as np

    return np.asarray(vector[: _MASSES**2], np.float32).reshape(_MASSES, _MASSES)


def _standardised(field: Floats) -> Floats:
    import numpy as np

    return np.asarray((field - field.mean()) / max(float(field.std()), 1.0), np.float32)


def _edges(strength: Floats, slope: Floats) -> Floats:
    """Return how strong edges of six directions are in each cell, less the image's mean.

    ``strength`` and ``slope`` are the length of the gradient and its angle in radians, (64, 64).
    """
    import numpy as np

    angle = np.mod(slope, np.pi) / np.pi * _DIRECTIONS
    floor = np.floor(angle)
    lower = floor.astype(np.intp).ravel() % _DIRECTIONS
    share = (angle - floor).ravel()
    energy = np.zeros((*strength.shape, _DIRECTIONS), np.float32)
    flat = energy.reshape(-1)
    first = np.arange(strength.size) * _DIRECTIONS  # of each pixel
    flat[first + lower] = strength.ravel() * (1 - share)
    flat[first + (lower + 1) % _DIRECTIONS] = strength.ravel() * share
    cells = np.sqrt(blocks(energy, _LINES))
    return np.asarray(cells - cells.mean(), np.float32)


def _visual_weight(light: Floats, strength: Floats, lab: Floats) -> Floats:
    """Return how much each cell stands out from the image as a whole, less the mean."""
    import numpy as np

    colour = lab[..., 1:] - lab[..., 1:].mean(axis=(0, 1))
    spread = max(float(colour.std()), 1.0)
    stands_out = np.abs(light) + np.hypot(colour[..., 0], colour[..., 1]) / spread
    cells = blocks(stands_out + 2 * strength, _WEIGHT)
    return np.asarray(cells - cells.mean(), np.float32)


def _brightest_third(grid: Floats) -> str:
    """Return in which ninth of an image (three by three) a grid has its highest mean."""
    import numpy as np

    bounds = np.linspace(0, len(grid), 4).round().astype(int)
    means = [
        [grid[top:bottom, left:right].mean() for left, right in pairwise(bounds)]
        for top, bottom in pairwise(bounds)
    ]
    row, column = np.unravel_index(int(np.argmax(means)), (3, 3))
    return _THIRDS[row][column]
