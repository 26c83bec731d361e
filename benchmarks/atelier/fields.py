"""Scalar fields over a picture: noise, blur, gradients and cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Field = npt.NDArray[np.float32]
"""A field or picture as it is kept: float32."""

Rough = npt.NDArray[np.floating[Any]]
"""A field as an argument: any floating type, read as float32."""


def resize(field: Field, height: int, width: int, *, smooth: bool = True) -> Field:
    """Return a 2-D float32 field resampled to (height, width), bicubic or (not smooth) bilinear."""
    image = Image.fromarray(np.ascontiguousarray(field, np.float32))
    way = Image.Resampling.BICUBIC if smooth else Image.Resampling.BILINEAR
    return np.asarray(image.resize((width, height), way), np.float32)


def noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    cell: float,
    octaves: int = 4,
    stretch: float = 1.0,
    gain: float = 0.5,
) -> Field:
    """Return fractional Brownian motion (fBm) made of value noise.

    Args:
        rng: Source of chance.
        height: Rows.
        width: Columns.
        cell: Size in pixels of the largest features, measured vertically.
        octaves: Number of layers, each at half the size of the one before.
        stretch: How many times longer the features are across than down.
        gain: Amplitude of each layer relative to the one before.

    Returns:
        Float32 (height, width) with mean about 0 and standard deviation about 1.
    """
    total = np.zeros((height, width), np.float32)
    amplitude = 1.0
    for _ in range(octaves):
        rows = int(min(height, max(2, np.ceil(height / cell)))) + 3
        columns = int(min(width, max(2, np.ceil(width / (cell * stretch))))) + 3
        grid = rng.standard_normal((rows, columns)).astype(np.float32)
        total += amplitude * resize(grid, height, width, smooth=cell > 8)
        amplitude *= gain
        cell = max(1.0, cell / 2)
    deviation = float(total.std())
    return np.asarray((total - total.mean()) / max(deviation, 1e-6), np.float32)


def broad_noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    cell: float,
    octaves: int,
    stretch: float = 1.0,
) -> Field:
    """Return `noise` made at half the size and enlarged, for large canvases."""
    small = noise(rng, height // 2, width // 2, cell / 2, octaves, stretch)
    return resize(small, height, width, smooth=False)


def blur(field: Field, radius: float) -> Field:
    """Return a field smoothed by a near-Gaussian with a standard deviation of `radius` pixels.

    Three box passes approximate the Gaussian of a 2-D field at full precision. An (h, w, 3) picture
    in 0..1 is smoothed to 8 bits of precision, which is quicker.
    """
    if radius <= 0:
        return field
    if field.ndim == 3:
        image = Image.fromarray((np.clip(field, 0, 1) * 255 + 0.5).astype(np.uint8))
        out = np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32)
        return out / np.float32(255)
    box = max(1, round((np.sqrt(4 * radius * radius + 1) - 1) / 2))
    smooth = field
    for _ in range(3):
        smooth = _box(_box(smooth, box).T, box).T
    return np.ascontiguousarray(smooth, np.float32)


def _box(field: Field, radius: int) -> Field:
    """Return the running mean down the columns over 2 * radius + 1 rows, edges repeated."""
    padded = np.pad(field, ((radius + 1, radius), (0, 0)), mode="edge")
    sums = np.cumsum(padded, axis=0, dtype=np.float32)
    size = 2 * radius + 1
    return ((sums[size:] - sums[:-size]) / np.float32(size)).astype(np.float32)


def swell(field: Field, radius: float) -> Field:
    """Return a field smoothed by `radius` pixels at full precision, on a coarser grid if wide."""
    coarse = int(radius // 2.5)
    if coarse < 2:
        return blur(field, radius)
    rows, columns = field.shape
    small = resize(field, max(2, rows // coarse), max(2, columns // coarse))
    return resize(blur(small, radius / coarse), rows, columns)


def soft(field: Rough, radius: float) -> Field:
    """Return a field in 0..1 smoothed quickly, to 8 bits of precision."""
    image = Image.fromarray((np.clip(field, 0, 1) * 255 + 0.5).astype(np.uint8))
    out = image.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(out, np.float32) / np.float32(255)


def gradient(field: Field) -> tuple[Field, Field]:
    """Return the central differences (across, down) of a field, both of its shape."""
    across = np.empty_like(field)
    down = np.empty_like(field)
    across[:, 1:-1] = (field[:, 2:] - field[:, :-2]) * 0.5
    across[:, 0] = field[:, 1] - field[:, 0]
    across[:, -1] = field[:, -1] - field[:, -2]
    down[1:-1] = (field[2:] - field[:-2]) * 0.5
    down[0] = field[1] - field[0]
    down[-1] = field[-1] - field[-2]
    return across, down


def luma(rgb: Rough) -> Field:
    """Return the brightness (Rec. 601 luma, 0..1) of an (h, w, 3) picture as (h, w)."""
    # Written out rather than as a matrix product: the same bits on every machine.
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    value: Field = (0.299 * r + 0.587 * g + 0.114 * b).astype(np.float32)
    return value


def smoothstep(low: float, high: float, value: Rough) -> Field:
    """Return 0 below `low`, 1 above `high` and a smooth cubic between (either order)."""
    t = np.asarray(np.clip((value - low) / (high - low), 0, 1), np.float32)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def cell_edges(rng: np.random.Generator, height: int, width: int, cell: float) -> Field:
    """Return the distance in cells to the nearest Voronoi border (Worley noise, F2 - F1).

    Args:
        rng: Source of chance.
        height: Rows.
        width: Columns.
        cell: Mean size of a cell in pixels.

    Returns:
        Float32 (height, width), 0 on the borders.
    """
    rows, columns = int(height / cell) + 4, int(width / cell) + 4
    jitter = rng.random((2, rows, columns), np.float32)
    bend = noise(rng, height, width, cell, 2) * 0.16
    bend2 = noise(rng, height, width, cell, 2) * 0.16
    y = np.arange(height, dtype=np.float32)[:, None] / np.float32(cell) + 1.2 + bend
    x = np.arange(width, dtype=np.float32)[None, :] / np.float32(cell) + 1.2 + bend2
    row, column = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
    first = np.full((height, width), 9, np.float32)
    second = first.copy()
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            r = np.clip(row + i, 0, rows - 1)
            c = np.clip(column + j, 0, columns - 1)
            away = np.hypot(r + jitter[0, r, c] - y, c + jitter[1, r, c] - x)
            second = np.minimum(second, np.maximum(first, away))
            first = np.minimum(first, away)
    return (second - first).astype(np.float32)
