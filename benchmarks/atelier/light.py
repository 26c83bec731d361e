"""Where the light comes from and what it does to a surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
Rough = npt.NDArray[np.floating[Any]]

_VECTORS = {
    "left": (-0.80, -0.42, 0.43),
    "right": (0.80, -0.42, 0.43),
    "above": (0.0, -0.90, 0.44),
    "behind": (0.0, -0.60, -0.80),
}
_SHADOWS = {"left": (1.0, 0.16), "right": (-1.0, 0.16), "above": (0.0, 0.12), "behind": (0.0, 0.9)}


@dataclass(frozen=True)
class Light:
    """Light in a picture. Axes: x to the viewer's right, y down, z towards the viewer.

    Attributes:
        name: left, right, above or behind.
        key: high, mid or low.
    """

    name: str
    key: str

    @property
    def vector(self) -> tuple[float, float, float]:
        """Unit vector from the subject towards the light."""
        return _VECTORS[self.name]

    @property
    def shadow(self) -> tuple[float, float]:
        """Where a cast shadow falls on the ground: (right, down) per unit of height."""
        return _SHADOWS[self.name]

    @property
    def side(self) -> float:
        """-1 for light from the left, 1 from the right, 0 otherwise."""
        return {"left": -1.0, "right": 1.0}.get(self.name, 0.0)

    def on(self, nx: Rough, ny: Rough, nz: Rough) -> Field:
        """Return how lit a surface is.

        Args:
            nx: Across component of the unit normal.
            ny: Downward component.
            nz: Component towards the viewer.

        Returns:
            Float32 of the same shape in 0..1: 0 in shade, about 0.5 at grazing half tone, 1 facing
            the light. From behind only the rim is bright.
        """
        x, y, z = self.vector
        if self.name == "behind":
            rim = np.clip(1 - nz, 0, 1) ** 2 * np.clip(0.75 - 0.5 * ny, 0, 1)
            fill = 0.20 + 0.16 * np.clip(0.3 * nx - 0.6 * ny + 0.5 * nz, 0, 1)
            return np.asarray(np.clip(fill + 0.95 * rim, 0, 1), np.float32)
        lambert = x * nx + y * ny + z * nz
        return np.asarray(0.10 + 0.90 * np.clip((lambert + 0.28) / 1.28, 0, 1), np.float32)
