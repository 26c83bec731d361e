"""Parts that the vectors of several aspects are made of: grids, Gaussians, weighted parts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Floats: TypeAlias = "npt.NDArray[np.float32]"


def blocks(field: Floats, cells: int) -> Floats:
    """Return the means of ``field`` (n, n, ...) in a grid of cells (cells, cells, ...).

    n is a multiple of ``cells``.
    """
    side = field.shape[0] // cells
    shape = (cells, side, cells, side, *field.shape[2:])
    means: Floats = field.reshape(shape).mean(axis=(1, 3))
    return means


def bumps(value: float, centres: Sequence[float], width: float) -> Floats:
    """Return how near ``value`` is to each centre, as Gaussians of standard deviation ``width``.

    The cosine of two values' Gaussians is about .78 where they are one width apart, .1 at three.
    """
    import numpy as np

    distance = (value - np.asarray(centres, np.float32)) / width
    return np.asarray(np.exp(-0.5 * distance * distance), np.float32)


def place(x: float, y: float, cells: int) -> Floats:
    """Return where a point (fractions of width and height) lies in a soft grid (cells * cells,)."""
    import numpy as np

    centres = ((np.arange(cells) + 0.5) / cells).tolist()
    grid = np.outer(bumps(y, centres, 0.7 / cells), bumps(x, centres, 0.7 / cells))
    return np.asarray(grid.ravel(), np.float32)


def to_unit(vector: Floats) -> Floats:
    """Return ``vector`` with length 1; a zero vector stays as it is."""
    import numpy as np

    length = float(np.linalg.norm(vector))
    return vector if length == 0 else np.asarray(vector / length, np.float32)


def weighted(shares: Sequence[float], parts: Sequence[Floats]) -> Floats:
    """Return unit-length ``parts`` one after the other, so that cosines add up by ``shares``.

    A part of zeros adds nothing, so the length of the result is at most 1 where shares add up to 1.
    """
    import numpy as np

    scaled = [
        np.sqrt(share) * to_unit(part.ravel()) for share, part in zip(shares, parts, strict=True)
    ]
    return np.concatenate(scaled).astype(np.float32)
