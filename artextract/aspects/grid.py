"""Grids, bumps and other small tools that the aspects' vectors are made with."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "blocks", "bumps", "join", "place", "to_unit"]

Floats = npt.NDArray[np.float32]


def blocks(field: Floats, cells: int) -> Floats:
    """Return the means of ``field`` (n, n, ...) in a grid of cells (cells, cells, ...).

    n is a multiple of ``cells``.
    """
    side = field.shape[0] // cells
    shape = (cells, side, cells, side, *field.shape[2:])
    means: Floats = field.reshape(shape).mean(axis=(1, 3))
    return means


def bumps(value: float, centres: Sequence[float], width: float) -> Floats:
    """Return how near ``value`` is to each centre: Gaussians of a standard deviation ``width``.

    Two values a ``width`` apart so have a cosine of about .78, three widths .1.
    """
    away = (value - np.asarray(centres, np.float32)) / width
    return np.asarray(np.exp(-0.5 * away * away), np.float32)


def place(x: float, y: float, cells: int) -> Floats:
    """Return where a point (fractions of width and height) lies in a soft grid, flat."""
    centres = ((np.arange(cells) + 0.5) / cells).tolist()
    grid = np.outer(bumps(y, centres, 0.7 / cells), bumps(x, centres, 0.7 / cells))
    return np.asarray(grid.ravel(), np.float32)


def to_unit(vector: Floats) -> Floats:
    """Return ``vector`` with length 1; a zero vector stays as it is."""
    length = float(np.linalg.norm(vector))
    return vector if length == 0 else np.asarray(vector / length, np.float32)


def join(parts: Sequence[tuple[float, Floats]]) -> Floats:
    """Return one unit vector of several, each brought to length 1 first.

    The cosine of two joined vectors is the mean of their parts' cosines, each with its weight.
    """
    weighted = [np.sqrt(np.float32(weight)) * to_unit(part.ravel()) for weight, part in parts]
    return to_unit(np.concatenate(weighted))
