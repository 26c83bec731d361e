"""What aspects read of an image: each feature is computed once, when it is first needed."""

import threading
from typing import Any, Literal

import numpy as np
import PIL.Image

from artextract.aspects.base import Aspect
from artextract.aspects.colour import to_lab
from artextract.aspects.grid import Floats
from artextract.detectors.faces import Face, FaceDetector
from artextract.detectors.people import Person, PersonDetector

SIDE = 64
"""Side of the square into which an image is squeezed to be measured, in pixels."""

DetectorDevice = Literal["cpu", "cuda"]


class Detectors:
    """The detectors of faces and people, each loaded once, when it is first needed.

    ``device`` is where both run. Any number of threads may use them.
    """

    def __init__(self, device: DetectorDevice = "cpu", threads: int = 1) -> None:
        """Load nothing yet.

        Args:
            device: Where to run. A detector that can't run there raises ModelError when it is
                first used.
            threads: CPU threads of one run of a network.
        """
        self.device = device
        self._threads = threads
        self._loading = threading.Lock()
        self._faces: FaceDetector | None = None
        self._people: PersonDetector | None = None

    @property
    def faces(self) -> FaceDetector:
        """The detector of faces."""
        with self._loading:
            if self._faces is None:
                self._faces = FaceDetector(self.device, self._threads)
            return self._faces

    @property
    def people(self) -> PersonDetector:
        """The detector of people."""
        with self._loading:
            if self._people is None:
                self._people = PersonDetector(self.device, self._threads)
            return self._people


class ImageFeatures:
    """Features of one RGB image, used by one thread at a time.

    Not with cached_property: in Python 3.11 it has one lock for all images, so that threads would
    wait for one another's networks.

    Attributes:
        aspect_ratio: Width by height.
        facts: What has been detected, {payload key: value}.
        vectors: The unit vectors computed so far, {aspect: float32}.
        embeddings: The vectors that models computed, {name: float32 of length 1}; set after a
            batch has run, as is ``genres``.
        genres: Probabilities of the genres, float32; empty where no model predicts them.
    """

    def __init__(
        self, image: PIL.Image.Image | None = None, detectors: Detectors | None = None
    ) -> None:
        """Without ``image`` and ``detectors``, only what models give can be read."""
        self._image = image
        self._detectors = detectors
        self._lab: Floats | None = None
        self._faces: list[Face] | None = None
        self._people: list[Person] | None = None
        self.aspect_ratio = image.width / image.height if image else 1.0
        self.facts: dict[str, Any] = {}
        self.vectors: dict[str, Floats] = {}
        self.embeddings: dict[str, Floats] = {}
        self.genres: Floats = np.empty(0, np.float32)

    @property
    def lab(self) -> Floats:
        """L*, a*, b* of the image squeezed into a square (64, 64, 3)."""
        if self._lab is None:
            assert self._image is not None
            small = self._image.resize((SIDE, SIDE), PIL.Image.Resampling.BOX, reducing_gap=1.0)
            self._lab = to_lab(np.asarray(small))
        return self._lab

    @property
    def faces(self) -> list[Face]:
        """The faces, the largest first."""
        if self._faces is None:
            assert self._image is not None
            assert self._detectors is not None
            self._faces = self._detectors.faces.detect(self._image, self.people)
        return self._faces

    @property
    def people(self) -> list[Person]:
        """The people, the largest first."""
        if self._people is None:
            assert self._image is not None
            assert self._detectors is not None
            self._people = self._detectors.people.detect(self._image)
        return self._people

    def add_vector(self, aspect: Aspect) -> None:
        """Compute the vector of ``aspect``, if the image has one."""
        vector = aspect.vector(self)
        if vector is not None:
            self.vectors[aspect.name] = vector

    def release(self) -> None:
        """Drop the image; features that have been computed stay."""
        self._image = None
