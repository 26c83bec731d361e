"""Composition: where masses and lines lie, whatever they show.

The picture is squeezed into a square, so that places are fractions of its width and height, and
its lightness brought to mean 0 and spread 1, so that exposure and contrast do not matter. Three
parts: light and dark masses on a grid (the low frequencies of Torralba and Oliva's scene envelope,
2001, doi:10.1023/A:1011139631724), orientations of edges on a grid (histograms of oriented
gradients, Dalal and Triggs 2005), and visual weight: what stands out from its surroundings (centre
against surround, Itti, Koch and Niebur 1998).
"""

from collections.abc import Sequence

import numpy as np

from artextract.aspects.grid import Floats, blocks, join
from artextract.aspects.view import SIDE

__all__ = ["DIMENSION", "composition", "masses_of"]

_MASSES, _LINES, _WEIGHT = 8, 4, 8  # cells a side
_DIRECTIONS = 6
_SHARES = (0.45, 0.25, 0.3)

DIMENSION = _MASSES**2 + _LINES**2 * _DIRECTIONS + _WEIGHT**2


def composition(lab: Floats) -> Floats | None:
    """Return the vector (256,) of a picture (64, 64, 3) in L*a*b*, of length 1.

    None for a picture of one colour: it has no masses and no lines.
    """
    light = _standard(lab[..., 0])
    down, along = np.gradient(light)
    strength = np.hypot(down, along)
    vector = join(
        [
            (_SHARES[0], blocks(light, _MASSES)),
            (_SHARES[1], _lines(strength, np.arctan2(down, along))),
            (_SHARES[2], _weight(light, strength, lab)),
        ]
    )
    return vector if vector.any() else None


def masses_of(vector: Sequence[float]) -> Floats:
    """Return the part of a vector that tells of light (above 0) and dark masses, (8, 8)."""
    return np.asarray(vector[: _MASSES**2], np.float32).reshape(_MASSES, _MASSES)


def _standard(field: Floats) -> Floats:
    return np.asarray((field - field.mean()) / max(float(field.std()), 1.0), np.float32)


def _lines(strength: Floats, slope: Floats) -> Floats:
    """Return how strong edges of six directions are in each cell, less the picture's mean.

    ``strength`` and ``slope`` are the length of the gradient and its angle in radians, (64, 64).
    """
    angle = np.mod(slope, np.pi) / np.pi * _DIRECTIONS
    floor = np.floor(angle)
    lower = floor.astype(np.intp).ravel() % _DIRECTIONS
    share = (angle - floor).ravel()
    energy = np.zeros((SIDE, SIDE, _DIRECTIONS), np.float32)
    flat = energy.reshape(-1)
    flat[_PIXELS + lower] = strength.ravel() * (1 - share)
    flat[_PIXELS + (lower + 1) % _DIRECTIONS] = strength.ravel() * share
    cells = np.sqrt(blocks(energy, _LINES))
    return np.asarray(cells - cells.mean(), np.float32)


_PIXELS = np.arange(SIDE * SIDE) * _DIRECTIONS
"""Where the directions of each pixel begin in the flat array of all."""


def _weight(light: Floats, strength: Floats, lab: Floats) -> Floats:
    """Return how much each cell stands out from the picture as a whole, less the mean."""
    colour = lab[..., 1:] - lab[..., 1:].mean(axis=(0, 1))
    spread = max(float(colour.std()), 1.0)
    stands_out = np.abs(light) + np.hypot(colour[..., 0], colour[..., 1]) / spread
    cells = blocks(stands_out + 2 * strength, _WEIGHT)
    return np.asarray(cells - cells.mean(), np.float32)
