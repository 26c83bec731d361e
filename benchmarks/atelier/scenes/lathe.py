"""Turned and round things for tables: vessels, fruit and their cast shadows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.atelier.canvas import Canvas, Ramp, ellipse, ribbon, spline
from benchmarks.atelier.fields import Field
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Colour, Palette, mix
from benchmarks.atelier.scenes.nature import Rng

Profile = Sequence[tuple[float, float]]
"""Pairs (height, radius) from the foot up, as parts of the vessel's height."""

BOTTLE: Profile = (
    (0, 0.17),
    (0.04, 0.19),
    (0.5, 0.19),
    (0.62, 0.15),
    (0.70, 0.065),
    (0.94, 0.055),
    (0.96, 0.07),
    (1.0, 0.07),
)
JUG: Profile = (
    (0, 0.22),
    (0.08, 0.30),
    (0.30, 0.38),
    (0.5, 0.34),
    (0.70, 0.21),
    (0.82, 0.19),
    (0.93, 0.23),
    (1.0, 0.26),
)
VASE: Profile = (
    (0, 0.16),
    (0.05, 0.18),
    (0.3, 0.30),
    (0.55, 0.34),
    (0.8, 0.20),
    (0.90, 0.16),
    (1.0, 0.21),
)
BOWL: Profile = ((0, 0.42), (0.10, 0.40), (0.22, 0.36), (0.45, 0.80), (0.75, 1.05), (1.0, 1.18))
CUP: Profile = ((0, 0.30), (0.1, 0.34), (0.5, 0.46), (1.0, 0.50))
GOBLET: Profile = (
    (0, 0.22),
    (0.03, 0.20),
    (0.08, 0.05),
    (0.42, 0.04),
    (0.5, 0.12),
    (0.68, 0.23),
    (0.85, 0.25),
    (1.0, 0.21),
)


def cast(
    canvas: Canvas, palette: Palette, light: Light, x: float, y: float, r: float, tall: float
) -> None:
    """Throw the shadow of something of radius `r` and height `tall` standing at (x, y)."""
    dx, dy = light.shadow
    reach = min(tall * 0.75, r * 2.6)
    dark = mix(palette.dark, palette.wood, 0.15)
    if light.name == "above":
        shape = ellipse(x, y + r * 0.05, r * 1.22, r * 0.36)
    else:
        ex, ey = x + dx * (reach + r * 0.4), y + (dy if light.side else 0.55) * reach * 0.8
        angle = np.arctan2(ey - y, ex - x)
        half = np.hypot(ex - x, ey - y) / 2
        shape = ellipse(
            (x + ex) / 2,
            (y + ey) / 2,
            half + r * 0.65,
            r * (0.34 if light.side else 0.85),
            float(angle),
        )
    canvas.fill(canvas.patch(shape, feather=3.0), dark, 0.60, contour=0.1)
    canvas.fill(
        canvas.patch(ellipse(x, y + 1, r * 1.05, r * 0.26), feather=1.5), dark, 0.55, contour=0
    )


def vessel(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    x: float,
    y: float,
    tall: float,
    profile: Profile,
    colours: Ramp,
    *,
    gloss: float = 0.6,
    clear: float = 0.0,
    shadow: bool = True,
    stripe: Colour | None = None,
    open_top: bool = True,
) -> None:
    """Turn a vessel on the lathe and stand it at (x, y).

    The normal of a surface of revolution with radius r(v) is (across / r, slope, depth / r),
    so shading is exact and follows the light.

    Args:
        canvas: Where to paint.
        palette: The palette.
        light: The light.
        x: Middle of the foot, across.
        y: Middle of the foot, down.
        tall: Height in pixels.
        profile: The turned profile.
        colours: Colours in shade, half tone and light.
        gloss: Strength of the highlight, 0..1.
        clear: How much of what is behind shows through, 0..1.
        shadow: Whether it throws a shadow.
        stripe: Colour of a painted band, if any.
        open_top: Whether the mouth is seen as an opening.
    """
    curve = spline([(r * tall, y - v * tall) for v, r in profile], closed=False, steps=8)
    radius = np.maximum(curve[:, 0], 0.5)
    if shadow:
        cast(canvas, palette, light, x, y, float(radius[: len(radius) // 2].max()), tall)
    foot_r, rim_r = float(radius[0]), float(radius[-1])
    t = np.linspace(0, np.pi, 14)
    foot = np.stack([x + foot_r * np.cos(t), y + foot_r * 0.20 * np.sin(t)], axis=1)
    rim = np.stack([x + rim_r * np.cos(t[::-1]), curve[-1, 1] - rim_r * 0.16 * np.sin(t)], axis=1)
    right = np.stack([x + radius, curve[:, 1]], axis=1)
    left = np.stack([x - radius, curve[:, 1]], axis=1)
    outline = np.concatenate([left[::-1], right[:0], foot[::-1], right, rim[::-1]])
    patch = canvas.patch(outline.astype(np.float32))
    if patch.alpha.size == 0:
        return
    rows, columns = patch.alpha.shape
    row_y = np.arange(rows) + patch.y + 0.5
    r = np.interp(row_y, curve[::-1, 1], radius[::-1])
    slope = np.gradient(r)
    u = (np.arange(columns) + patch.x + 0.5 - x)[None, :] / r[:, None]
    u = np.clip(u, -0.999, 0.999)
    nx, ny, nz = u, -slope[:, None] + 0 * u, np.sqrt(1 - u * u)
    length = np.sqrt(1 + ny * ny)
    nx, ny, nz = ((n / length).astype(np.float32) for n in (nx, ny, nz))
    lit = light.on(nx, ny, nz)
    # A little light comes back from the table on the shaded edge.
    lit = lit + 0.10 * np.clip(-nx * np.sign(light.vector[0] or 1), 0, 1) ** 3
    rgb = colours.at(np.clip(lit, 0, 1).astype(np.float32))
    if stripe is not None:
        v = (y - row_y) / tall
        band = (v > 0.30) & (v < 0.36)
        flower = (np.abs(v[:, None] - 0.45) < 0.05 * np.abs(np.sin(9 * np.arcsin(u)))).astype(
            np.float32
        )
        ink = np.maximum(band[:, None] * 0.8, flower * 0.75)
        rgb = rgb + (stripe * (0.35 + 0.65 * lit[..., None]) - rgb) * ink[..., None]
    if gloss > 0:
        lx, ly, lz = light.vector
        half = np.array([lx, ly, lz + 1.0])
        half /= np.linalg.norm(half)
        if light.name != "behind":
            shine = np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1) ** 38
        else:
            shine = np.clip(1.15 - nz * 1.6, 0, 1) ** 3 * 0.5
        rgb = rgb + (1 - rgb) * (gloss * shine)[..., None]
    if clear > 0:
        behind = canvas.rgb[patch.where]
        body = np.clip(clear * (nz - 0.15), 0, 1)[..., None]
        rgb = rgb * (1 - body) + behind * body
    canvas.fill(
        patch,
        rgb.astype(np.float32),
        angle=(np.full((rows, columns), 1.57) - 0.9 * nx).astype(np.float32),
        detail=0.6,
    )
    if rim_r > 3 and open_top:
        mouth = ellipse(x, float(curve[-1, 1]), rim_r, rim_r * 0.17)
        canvas.fill(canvas.patch(mouth), mix(colours.half, colours.light, 0.6), 1 - clear * 0.6)
        inner = ellipse(x, float(curve[-1, 1]) + 0.5, rim_r * 0.88, rim_r * 0.125)
        canvas.fill(
            canvas.patch(inner),
            mix(colours.shade, palette.dark, 0.35),
            1 - clear * 0.6,
            contour=0.4,
        )


def handle(
    canvas: Canvas, light: Light, x: float, y: float, tall: float, side: int, colours: Ramp
) -> None:
    """Bend a jug's handle on `side` (-1 left, 1 right)."""
    points = [
        (x + side * tall * a, y - tall * b)
        for a, b in ((0.20, 0.90), (0.40, 0.90), (0.52, 0.74), (0.47, 0.52), (0.33, 0.38))
    ]
    canvas.solid(canvas.patch(ribbon(points, [tall * 0.065] * 3)), colours, light, roundness=1.6)


def fruit(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    rng: Rng,
    kind: str,
    x: float,
    y: float,
    r: float,
    grain: Field,
    *,
    shadow: bool = True,
) -> None:
    """Rest a fruit (apple, pear, lemon, plum or orange) of radius `r` at (x, y)."""
    skin = {
        "apple": palette.accent,
        "pear": mix(palette.accent2, palette.mid, 0.4),
        "lemon": palette.accent2,
        "plum": mix(palette.cloth2, palette.dark, 0.35),
        "orange": mix(palette.accent, palette.accent2, 0.55),
    }[kind]
    if palette.sky_hi.mean() < 0.35 and kind == "lemon":
        skin = mix(palette.accent, palette.glow, 0.4)
    skin = mix(skin, palette.mid, rng.uniform(0, 0.18))
    colours = Ramp(mix(skin, palette.dark, 0.72), skin, mix(skin, palette.glow, 0.55))
    if shadow:
        cast(canvas, palette, light, x, y, r, r * 2)
    cy = y - r * 0.86
    if kind == "pear":
        shape = spline(
            [
                (x, cy - r * 1.55),
                (x + r * 0.35, cy - r * 1.25),
                (x + r * 0.55, cy - r * 0.6),
                (x + r * 0.98, cy + r * 0.1),
                (x + r * 0.72, cy + r * 0.75),
                (x, cy + r * 0.92),
                (x - r * 0.72, cy + r * 0.75),
                (x - r * 0.98, cy + r * 0.1),
                (x - r * 0.55, cy - r * 0.6),
                (x - r * 0.35, cy - r * 1.25),
            ]
        )
    elif kind == "lemon":
        shape = spline(
            [
                (x - r * 1.22, cy + r * 0.12),
                (x - r * 0.7, cy - r * 0.55),
                (x, cy - r * 0.78),
                (x + r * 0.7, cy - r * 0.55),
                (x + r * 1.22, cy - r * 0.1),
                (x + r * 0.7, cy + r * 0.6),
                (x, cy + r * 0.82),
                (x - r * 0.7, cy + r * 0.62),
            ]
        )
    else:
        shape = ellipse(x, cy, r * 1.03, r * 0.95)
    patch = canvas.patch(shape)
    if patch.alpha.size == 0:
        return
    px = (np.arange(patch.alpha.shape[1]) + patch.x + 0.5 - x)[None, :] / (r * 1.08)
    py = (np.arange(patch.alpha.shape[0]) + patch.y + 0.5 - cy)[:, None] / (r * 1.05)
    if kind == "pear":
        py = np.where(py < 0, py / 1.55, py)
        px = px / np.clip(1 + 0.42 * np.minimum(py, 0), 0.5, 1)
    if kind == "lemon":
        px = px / 1.12
    flat = px * px + py * py
    nz = np.sqrt(np.clip(1 - flat, 0.02, 1))
    lit = light.on(
        np.float32(1) * px.astype(np.float32) + 0 * nz.astype(np.float32),
        (py + 0 * nz).astype(np.float32),
        nz.astype(np.float32),
    )
    bounce = 0.12 * np.clip(py, 0, 1) ** 2
    spots = grain[patch.where] * (0.09 if kind == "lemon" else 0.04)
    rgb = colours.at(np.clip(lit + bounce + spots, 0, 1).astype(np.float32))
    if kind in ("apple", "pear"):
        flush = np.clip(px * rng.choice([-1, 1]) * 0.9 - py * 0.4, 0, 1)[..., None]
        other = mix(palette.accent2, palette.mid, 0.25) if kind == "apple" else palette.accent
        rgb = rgb + (other * (0.25 + 0.75 * lit[..., None]) - rgb) * (0.5 * flush)
    if light.name != "behind":
        lx, ly, lz = light.vector
        half = np.array([lx, ly, lz + 1])
        half /= np.linalg.norm(half)
        shine = np.clip(px * half[0] + py * half[1] + nz * half[2], 0, 1) ** (
            60 if kind in ("apple", "plum") else 18
        )
        rgb = (
            rgb
            + (mix(palette.pale, palette.glow, 0.5) - rgb)
            * (0.7 if kind in ("apple", "plum") else 0.3)
            * shine[..., None]
        )
    angle = (np.arctan2(py, px) + np.pi / 2).astype(np.float32)
    canvas.fill(patch, rgb.astype(np.float32), angle=angle, detail=0.6)
    if kind != "lemon":
        top = cy - r * (1.5 if kind == "pear" else 0.72)
        stem = ribbon(
            [(x, top + r * 0.1), (x + r * 0.05, top - r * 0.15), (x + r * 0.18, top - r * 0.36)],
            [r * 0.09, r * 0.07, r * 0.10],
        )
        canvas.fill(canvas.patch(stem), mix(palette.wood, palette.dark, 0.55), contour=0.5)
