"""Detection of people: 17 points of each of up to six people.

MoveNet multipose (Google 2021, https://tfhub.dev/google/movenet/multipose/lightning/1), trained on
photographs; docs/benchmarks/retrieval.md says how well it does on paintings. Images are
converted to grey: it then finds as many people, has fewer false positives, and does not depend on
colours.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.models.registry import find_detector
from artextract.models.session import Device, Network

Floats = npt.NDArray[np.float32]

POINTS = (
    "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder",
    "left elbow", "right elbow", "left wrist", "right wrist", "left hip", "right hip", "left knee",
    "right knee", "left ankle", "right ankle",
)  # fmt: skip
"""The points of a person, as in COCO; left and right are the person's."""

_LONG_SIDE = 192
_BILINEAR = PIL.Image.Resampling.BILINEAR
_STEP = 32  # sides of the input are multiples of it
_MINIMUM_SCORE = 0.15  # of a person
_MINIMUM_CONFIDENCE = 0.2  # of a point


@dataclass(frozen=True, slots=True)
class Person:
    """A person in an image.

    Attributes:
        points: x and y as fractions of the image's width and height (17, 2), in the order of
            ``POINTS``.
        confidence: Confidence of each point (17,), 0 to 1; 0 where a point is not to be used.
        score: Confidence of the whole, 0 to 1.
    """

    points: Floats
    confidence: Floats
    score: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the visible points."""
        visible = self.points[self.confidence > 0]
        (left, top), (right, bottom) = visible.min(axis=0), visible.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    @property
    def area(self) -> float:
        """Area of the box, as fraction of the image."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)


class PersonDetector:
    """Detects people; can be called from several threads at once."""

    def __init__(self, device: Device = "cpu", threads: int = 1) -> None:
        """Load the network.

        Raises:
            ModelError: the file is missing or damaged, or ``device`` can't be used.
        """
        self._network = Network(find_detector("bodies"), device, threads)

    def detect(self, image: PIL.Image.Image) -> list[Person]:
        """Return the people in an RGB image, the largest first."""
        scale = _LONG_SIDE / max(image.size)
        # Squeezed by a few percent to fit the network's grid; positions are fractions all the same.
        width, height = (max(_STEP, round(side * scale / _STEP) * _STEP) for side in image.size)
        small = image.convert("L").resize((width, height), _BILINEAR, reducing_gap=2.0)
        canvas = np.repeat(np.asarray(small, np.int32)[None, :, :, None], 3, axis=3)
        (rows,) = self._network.run(canvas)
        people = []
        for row in rows[0]:
            points = row[:51].reshape(17, 3)  # y, x, confidence
            kept = np.where(points[:, 2] >= _MINIMUM_CONFIDENCE, points[:, 2], 0)
            if row[55] >= _MINIMUM_SCORE and np.count_nonzero(kept) >= 3:
                people.append(Person(points[:, 1::-1], kept.astype(np.float32), float(row[55])))
        return sorted(people, key=lambda person: -person.area)
