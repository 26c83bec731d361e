"""From a work to its picture: underpainting, key of light, and the painter's hand."""

from __future__ import annotations

import numpy as np
from PIL import Image

from benchmarks.atelier.canvas import Canvas
from benchmarks.atelier.fields import Field, luma
from benchmarks.atelier.hands import HANDS
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import PALETTES, Palette
from benchmarks.atelier.scenes import SCENES
from benchmarks.atelier.works import Work


def underpaint(work: Work) -> Canvas:
    """Return the underpainting of a work, already in its key of light."""
    rng = np.random.default_rng(work.seed)
    canvas = Canvas(work.width, work.height)
    palette, light = PALETTES[work.palette], Light(work.light_from, work.light_key)
    SCENES[work.scene](canvas, work, palette, light, rng)
    canvas.rgb = key(harmonise(np.clip(canvas.rgb, 0, 1), palette), canvas, light, palette)
    return canvas


def harmonise(rgb: Field, palette: Palette) -> Field:
    """Pull darks towards the palette's dark and lights towards its glow (split toning)."""
    value = luma(rgb)[..., None]
    low, high = palette.dark * 1.15, palette.glow
    tint = low + (high - low) * value
    match = tint * (value / np.maximum(luma(tint)[..., None], 0.03))
    return np.clip(rgb + 0.20 * (match - rgb), 0, 1).astype(np.float32)


def key(rgb: Field, canvas: Canvas, light: Light, palette: Palette) -> Field:
    """Raise the picture to a high key or sink it to a low one around its focus."""
    if light.key == "mid":
        return rgb
    if light.key == "high":
        lifted = 1 - (1 - rgb) ** 1.32
        return np.asarray(0.07 * palette.pale + 0.93 * lifted, np.float32)
    x, y = canvas.grid
    span = max(canvas.width, canvas.height)
    away = np.hypot(x - canvas.focus[0], y - canvas.focus[1]) / span
    pool = np.exp(-((away / 0.42) ** 2))[..., None]
    sunk = rgb**1.2 * (0.45 + 0.65 * pool) + palette.dark * 0.05
    # A palette dark by nature stays visible.
    lift = np.clip(0.19 / max(float(luma(sunk).mean()), 0.01), 1.0, 1.5)
    return np.asarray(np.clip(sunk * lift, 0, 1), np.float32)


def paint(work: Work) -> Image.Image:
    """Paint one work.

    Args:
        work: A specification from `make_works`.

    Returns:
        An RGB image of `work.width` by `work.height` pixels, 8 bits a channel. The same work
        always gives the same pixels with the same versions of numpy and Pillow.
    """
    canvas = underpaint(work)
    rng = np.random.default_rng([work.seed, 7])
    rgb = HANDS[work.hand](
        canvas, PALETTES[work.palette], Light(work.light_from, work.light_key), rng
    )
    return Image.fromarray((np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8))
