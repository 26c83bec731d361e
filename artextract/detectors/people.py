"""Bodies: 17 points of each of up to six people, found by light and dark alone.

MoveNet multipose (Google 2021, https://tfhub.dev/google/movenet/multipose/lightning/1), trained on
photographs; docs/benchmarks/retrieval.md says how well it does on paintings. It is shown
them in grey: it finds as many bodies so, fewer where there are none, and the same ones whatever the
colours.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.models.registry import find_detector
from artextract.models.session import Device, Network

__all__ = ["LIMBS", "POINTS", "Body", "BodyFinder"]

Floats = npt.NDArray[np.float32]

POINTS = (
    "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder",
    "left elbow", "right elbow", "left wrist", "right wrist", "left hip", "right hip", "left knee",
    "right knee", "left ankle", "right ankle",
)  # fmt: skip
"""The points of a body, as in COCO; left and right are the person's."""

LIMBS = (
    (5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15),
    (12, 14), (14, 16),
)  # fmt: skip
"""Pairs of points that a line joins in a skeleton."""

_LONG_SIDE = 192
_BILINEAR = PIL.Image.Resampling.BILINEAR
_STEP = 32  # sides of the input are multiples of it
_LEAST_BODY = 0.15
_LEAST_POINT = 0.2


@dataclass(frozen=True, slots=True)
class Body:
    """A body in a picture.

    ``points`` (17, 2) are x and y as fractions of the picture's width and height, in the order of
    ``POINTS``; ``seen`` (17,) is how sure each is, 0 to 1, and 0 where it is not to be used.
    ``score`` is that of the whole, 0 to 1.
    """

    points: Floats
    seen: Floats
    score: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the points that are seen."""
        low, high = self.points[self.seen > 0].min(axis=0), self.points[self.seen > 0].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


class BodyFinder:
    """Finds bodies; can be called from several threads at once."""

    def __init__(self, device: Device = "cpu", threads: int = 1) -> None:
        """Load the network.

        Raises:
            ModelError: the file is missing or damaged, or ``device`` can't be used.
        """
        self._network = Network(find_detector("bodies"), device, threads)

    def find(self, image: PIL.Image.Image) -> list[Body]:
        """Return the bodies in an RGB picture, the largest first; none where there are none."""
        scale = _LONG_SIDE / max(image.size)
        # Squeezed by a few percent to fit the network's grid; places are fractions all the same.
        width, height = (max(_STEP, round(side * scale / _STEP) * _STEP) for side in image.size)
        small = image.convert("L").resize((width, height), _BILINEAR, reducing_gap=2.0)
        canvas = np.repeat(np.asarray(small, np.int32)[None, :, :, None], 3, axis=3)
        (rows,) = self._network.run(canvas)
        bodies = []
        for row in rows[0]:
            points = row[:51].reshape(17, 3)  # y, x, how sure
            seen = np.where(points[:, 2] >= _LEAST_POINT, points[:, 2], 0).astype(np.float32)
            if row[55] < _LEAST_BODY or np.count_nonzero(seen) < 3:
                continue
            bodies.append(Body(points[:, 1::-1], seen, float(row[55])))
        return sorted(bodies, key=lambda body: -_area(body))


def _area(body: Body) -> float:
    left, top, right, bottom = body.box
    return (right - left) * (bottom - top)
