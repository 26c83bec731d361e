"""Face: which way the main head turns, how many heads there are, where, and how large."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from artextract.aspects.grid import Floats, bumps, place, to_unit
from artextract.aspects.usual import usual
from artextract.detectors.faces import Head

__all__ = ["DIMENSION", "ORIENTATIONS", "face", "faces_facts", "orientation_of", "raw"]

_YAWS = (-90, -60, -30, 0, 30, 60, 90)
_TILTS = (-30, 0, 30)
_SIZES = (-4, -3, -2, -1)  # log2 of the share of the picture's height
_COUNTS = (1, 2, 3, 4)
_CELLS = 4
_SHARES = (0.6, 0.04, 0.04, 0.14, 0.06, 0.12)

DIMENSION = len(_YAWS) + 2 * len(_TILTS) + _CELLS**2 + len(_SIZES) + len(_COUNTS)

_TURNED, _PROFILE = 16.0, 70.0
ORIENTATIONS = ("left profile", "left", "front", "right", "right profile")
"""Which way a head turns, in the viewer's terms; front is within 16 degrees, a profile beyond 70
(chosen as the scale of yaw was, see artextract/detectors/turn.py).
"""


def face(heads: Sequence[Head]) -> Floats | None:
    """Return the vector (37,) of a picture's heads, the largest first; None without heads."""
    return to_unit(raw(heads) - usual("face")) if heads else None


def raw(heads: Sequence[Head]) -> Floats:
    """Return the vector (37,) before what is usual is taken off; its length is 1."""
    main = heads[0]
    areas = np.sqrt([head.size[0] * head.size[1] for head in heads])
    where = sum(area * place(*head.centre, _CELLS) for area, head in zip(areas, heads, strict=True))
    parts = (
        bumps(main.yaw, _YAWS, 22),
        bumps(main.pitch, _TILTS, 20),
        bumps(main.roll, _TILTS, 20),
        np.asarray(where),
        bumps(float(np.log2(max(main.size[1], 1e-3))), _SIZES, 0.7),
        bumps(min(len(heads), _COUNTS[-1]), _COUNTS, 0.6),
    )
    weighted = [np.sqrt(share) * to_unit(part) for share, part in zip(_SHARES, parts, strict=True)]
    return np.concatenate(weighted).astype(np.float32)


def orientation_of(yaw: float) -> str:
    """Return which of ``ORIENTATIONS`` a yaw in degrees is."""
    if abs(yaw) < _TURNED:
        return "front"
    side = "left" if yaw < 0 else "right"
    return f"{side} profile" if abs(yaw) > _PROFILE else side


def faces_facts(heads: Sequence[Head]) -> dict[str, Any]:
    """Return ``count`` and, where there are heads, ``orientation`` of the main one and ``heads``.

    Each of ``heads`` has ``box`` (left, top, width and height as fractions of the picture) and
    ``yaw``, ``pitch`` and ``roll`` in degrees.
    """
    if not heads:
        return {"count": 0}
    return {
        "count": len(heads),
        "orientation": orientation_of(heads[0].yaw),
        "heads": [
            {
                "box": [
                    round(head.centre[0] - head.size[0] / 2, 4),
                    round(head.centre[1] - head.size[1] / 2, 4),
                    round(head.size[0], 4),
                    round(head.size[1], 4),
                ],
                "yaw": round(head.yaw),
                "pitch": round(head.pitch),
                "roll": round(head.roll),
            }
            for head in heads
        ],
    }
