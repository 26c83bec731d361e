"""Pose: how the main body holds its limbs, how much of it is shown, and how bodies are grouped."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from artextract.aspects.grid import Floats, bumps, place, to_unit
from artextract.aspects.usual import usual
from artextract.detectors.people import LIMBS, Body

__all__ = ["DIMENSION", "bodies_facts", "pose", "raw"]

_COUNTS = (1, 2, 3, 4, 5, 6)
_SHAPES = (-1.5, -0.75, 0, 0.75, 1.5)  # log2 of height by width
_SIZES = (-3, -2, -1, 0)  # log2 of the share of the picture's height
_CELLS = 4
_SHARES = (0.4, 0.25, 0.1, 0.1, 0.05, 0.1)
_TRUNK = ((5, 11), (6, 12))  # shoulder to hip: an upright or a lying body

DIMENSION = 2 * len(LIMBS) + 17 + len(_SHAPES) + len(_SIZES) + len(_COUNTS) + _CELLS**2


def pose(bodies: Sequence[Body], ratio: float) -> Floats | None:
    """Return the vector (72,) of a picture's bodies, the largest first; None without bodies.

    ``ratio`` is the picture's width by its height.
    """
    return to_unit(raw(bodies, ratio) - usual("pose")) if bodies else None


def raw(bodies: Sequence[Body], ratio: float) -> Floats:
    """Return the vector (72,) before what is usual is taken off; its length is at most 1."""
    main = bodies[0]
    left, top, right, bottom = main.box
    width, height = max(right - left, 1e-3), max(bottom - top, 1e-3)
    areas = [np.sqrt(max(_area(body), 1e-6)) for body in bodies]
    centres = [((b.box[0] + b.box[2]) / 2, (b.box[1] + b.box[3]) / 2) for b in bodies]
    where = sum(area * place(*at, _CELLS) for area, at in zip(areas, centres, strict=True))
    parts = (
        _directions(main, ratio),
        (main.seen > 0).astype(np.float32),
        bumps(float(np.log2(height / (width * ratio))), _SHAPES, 0.6),
        bumps(float(np.log2(height)), _SIZES, 0.7),
        bumps(len(bodies), _COUNTS, 0.8),
        np.asarray(where),
    )
    weighted = [np.sqrt(share) * to_unit(part) for share, part in zip(_SHARES, parts, strict=True)]
    return np.concatenate(weighted).astype(np.float32)


def _directions(body: Body, ratio: float) -> Floats:
    """Return the direction of each limb, (12, 2) flat: of length 1, or 0 where it is not seen."""
    points = body.points * np.asarray([ratio, 1], np.float32)
    found = np.zeros((len(LIMBS), 2), np.float32)
    for number, (start, end) in enumerate(LIMBS):
        if body.seen[start] > 0 and body.seen[end] > 0:
            found[number] = to_unit(points[end] - points[start])
    return found.ravel()


def _area(body: Body) -> float:
    left, top, right, bottom = body.box
    return (right - left) * (bottom - top)


def bodies_facts(bodies: Sequence[Body]) -> dict[str, Any]:
    """Return ``count`` and, where there are bodies, their points as ``bodies``.

    Each body is 17 times [x, y] as fractions of the picture, None where a point is not seen; the
    order is that of :data:`artextract.detectors.people.POINTS`.
    """
    if not bodies:
        return {"count": 0}
    return {
        "count": len(bodies),
        "bodies": [
            [
                [round(float(x), 3), round(float(y), 3)] if seen > 0 else None
                for (x, y), seen in zip(body.points, body.seen, strict=True)
            ]
            for body in bodies
        ],
    }
