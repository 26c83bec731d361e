"""Lighting: how light and dark are shared out, and on which side the light lies.

Two parts: how much of the picture is how light (its key and its contrast), and where in the picture
the light lies. The shading of heads was tried too and left out: it told the side of the light no
better than chance (docs/benchmarks/retrieval.md).
"""

from typing import Any

import numpy as np

from artextract.aspects.grid import Floats, blocks, join
from artextract.aspects.usual import usual

__all__ = ["DIMENSION", "amounts", "lighting", "lighting_facts"]

_BINS, _BIN_WIDTH = 12, 6.0  # of L*
_CELLS = 4
_SHARES = (0.5, 0.5)

DIMENSION = _BINS + _CELLS**2

_LOW_KEY, _HIGH_KEY = 40.0, 57.0
"""Mean L* at which a third of paintings are darker and a third lighter (WikiArt, n 1,183)."""
_SURE = 4.0  # L* between two sides below which no direction is named
_SKY = 5.0
"""How much lighter the upper half of a painting usually is, in L* (the same works)."""


def lighting(lab: Floats) -> Floats:
    """Return the vector (28,) of a picture (64, 64, 3) in L*a*b*, of length 1."""
    cells = blocks(lab[..., 0], _CELLS)
    parts = (amounts(lab) - usual("lightness"), cells - cells.mean())
    return join(list(zip(_SHARES, parts, strict=True)))


def amounts(lab: Floats) -> Floats:
    """Return the square roots of how much is how light (12,), dark first; squares add up to 1."""
    centres = (np.arange(_BINS) + 0.5) / _BINS * 100
    # In place: fresh arrays of this size are mapped anew, which takes longer than the arithmetic.
    near = lab[..., 0].reshape(1, -1) - centres[:, None]
    near /= _BIN_WIDTH
    near *= near
    near *= -0.5
    shares = np.exp(near, out=near).sum(axis=1)
    return np.asarray(np.sqrt(shares / shares.sum()), np.float32)


def lighting_facts(lab: Floats) -> dict[str, Any]:
    """Return ``key``, ``direction``, ``lightness`` (mean L*) and ``contrast`` (its spread).

    ``key`` is "low", "mid" or "high". ``direction`` is the side of the picture on which the light
    lies, as the viewer sees it: "left", "right", "above", or "unclear" where the sides differ
    little.
    """
    light = lab[..., 0]
    mean = float(light.mean())
    return {
        "key": "low" if mean < _LOW_KEY else "high" if mean > _HIGH_KEY else "mid",
        "direction": _direction(light),
        "lightness": round(mean, 1),
        "contrast": round(float(light.std()), 1),
    }


def _direction(light: Floats) -> str:
    half = light.shape[0] // 2
    across = float(light[:, half:].mean() - light[:, :half].mean())
    up = float(light[:half].mean() - light[half:].mean()) - _SKY
    if max(abs(across), up) < _SURE:
        return "unclear"
    if up > abs(across):
        return "above"
    return "right" if across > 0 else "left"
