"""Laying many brush marks at once: placement, stamping and relief.

Marks are placed on a jittered grid (stratified sampling; about as even as Poisson-disc sampling
and much faster) and laid in a random order from large to small, after Hertzmann, "Painterly
rendering with curved brush strokes of multiple sizes" (1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.atelier.fields import Field, Rough, gradient, soft, swell

Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Marks:
    """Brush marks, one entry each.

    Attributes:
        x: Column of the middle, float32 (n,).
        y: Row of the middle, float32 (n,).
        angle: Direction in radians, float32 (n,).
        length: Half length in pixels, float32 (n,).
        width: Half width in pixels, float32 (n,).
        bend: Curvature as sideways drift at the ends relative to the half length, float32 (n,).
        rgb: Colour, float32 (n, 3).
    """

    x: Field
    y: Field
    angle: Field
    length: Field
    width: Field
    bend: Field
    rgb: Field


def scatter(rng: np.random.Generator, height: int, width: int, step: float) -> tuple[Field, Field]:
    """Return points (x, y), one per square of side `step`, jittered and in random order."""
    rows, columns = int(np.ceil(height / step)), int(np.ceil(width / step))
    y, x = np.mgrid[0:rows, 0:columns].reshape(2, -1).astype(np.float32)
    x = (x + rng.random(x.size, np.float32)) * np.float32(step)
    y = (y + rng.random(y.size, np.float32)) * np.float32(step)
    order = rng.permutation(x.size)
    keep = order[(x[order] < width) & (y[order] < height)]
    return x[keep], y[keep]


def sample(field: Rough, x: Rough, y: Rough) -> Field:
    """Return the values of a field or picture at points, clipped to its edges."""
    rows = np.clip(y.astype(np.intp), 0, field.shape[0] - 1)
    columns = np.clip(x.astype(np.intp), 0, field.shape[1] - 1)
    return field[rows, columns].astype(np.float32)


def orientation(value: Field, radius: float) -> tuple[Field, Field]:
    """Return the direction along edges and how sure it is, from the smoothed structure tensor.

    Args:
        value: Brightness, float32 (h, w).
        radius: Smoothing in pixels.

    Returns:
        Angle in radians (along the edge) and coherence 0..1, both float32 (h, w).
    """
    gx, gy = gradient(soft(value, 1.0))
    a, b, c = swell(gx * gx, radius), swell(gx * gy, radius), swell(gy * gy, radius)
    angle = 0.5 * np.arctan2(2 * b, a - c) + np.pi / 2
    spread = np.sqrt((a - c) ** 2 + 4 * b * b)
    energy = a + c
    sure = spread / (energy + 1e-5) * np.clip(energy / 2e-3, 0, 1)
    return angle.astype(np.float32), np.clip(sure, 0, 1).astype(np.float32)


def stamp(
    rgb: Field,
    relief: Field,
    marks: Marks,
    rng: np.random.Generator,
    *,
    bristle: float,
    round_tip: bool,
) -> None:
    """Lay marks in order on a picture and its paint relief, both changed in place.

    Args:
        rgb: Picture, float32 (h, w, 3).
        relief: Thickness of paint, float32 (h, w).
        marks: The marks; later ones lie on top.
        rng: Source of chance.
        bristle: Strength of the streaks that bristles leave, 0..1.
        round_tip: Whether marks are ellipses (dots) rather than strokes with ragged ends.
    """
    height, width = relief.shape
    if marks.x.size == 0:
        return
    half_l, half_w = float(marks.length.max()), float(marks.width.max())
    n_l, n_w = max(2, int(np.ceil(half_l * 2.05))), max(2, int(np.ceil(half_w * 2.05)))
    t = np.tile(np.linspace(-1, 1, n_l, dtype=np.float32), n_w)
    s = np.repeat(np.linspace(-1, 1, n_w, dtype=np.float32), n_l)
    lane = np.rint((s + 1) * 0.5 * (n_w - 1)).astype(np.intp)
    if round_tip:
        inside = t * t + s * s <= 1
    else:
        ragged = 0.06 * np.sin(9 * s + 1) + 0.05 * np.sin(23 * s)
        inside = np.abs(t) ** 4 + np.abs(s) ** 6 * 0.9 <= 1 + ragged
        inside &= np.abs(t + ragged) < 0.99
    t, s, lane = t[inside], s[inside], lane[inside]
    across = 1 - s * s
    profile = (across if round_tip else 0.55 * across + 0.45 * np.abs(s) ** 3 * 1.4).astype(
        np.float32
    )
    if not round_tip:
        profile *= np.float32(1.0) - np.float32(0.25) * t
    streak = rng.standard_normal((16, n_w)).astype(np.float32)
    texture = profile + 0.22 * bristle * streak[:, lane] * (0.7 + 0.3 * np.sin(3 * t))
    # A margin wide enough for every mark spares a test of each point against the edges.
    pad = int(half_l * 1.1 + half_w) + 3
    pitch = width + 2 * pad
    owner = np.full((height + 2 * pad) * pitch, -1, np.int32)
    count = t.size
    for begin in range(0, marks.x.size, 1024):
        part = slice(begin, begin + 1024)
        c, q = np.cos(marks.angle[part])[:, None], np.sin(marks.angle[part])[:, None]
        along = marks.length[part, None] * t
        side = (
            marks.width[part, None] * s + marks.bend[part, None] * marks.length[part, None] * t * t
        )
        px = (marks.x[part, None] + pad + along * c - side * q).astype(np.int32)
        py = (marks.y[part, None] + pad + along * q + side * c).astype(np.int32)
        first = np.arange(begin, begin + px.shape[0], dtype=np.int32)[:, None] * np.int32(count)
        py *= pitch
        py += px
        owner[py] = first + np.arange(count, dtype=np.int32)
    seen = owner.reshape(height + 2 * pad, pitch)[pad:-pad, pad:-pad].ravel()
    where = np.flatnonzero(seen >= 0)
    mark, point = np.divmod(seen[where], np.int32(count))
    look = texture[mark % 16, point]
    tone = 1 + 0.10 * bristle * (look - profile[point]) * 4
    rgb.reshape(-1, 3)[where] = marks.rgb[mark] * tone[:, None]
    relief.reshape(-1)[where] = look


def emboss(rgb: Field, relief: Field, strength: float, side: float) -> Field:
    """Return the picture with its paint relief lit from the upper left (or right if `side` > 0)."""
    across, down = gradient(relief)
    lit = -(across * (-0.7 if side <= 0 else 0.7) + down * -0.7)
    lit = np.clip(lit * strength, -0.22, 0.26)[..., None]
    out = rgb + np.where(lit > 0, (1 - rgb) * lit * 0.8, rgb * lit)
    return out.astype(np.float32)
