"""A picture as the aspects look at it: each thing that several of them need is made once."""

import threading
from typing import Literal

import numpy as np
import PIL.Image

from artextract.aspects.colour import to_lab
from artextract.aspects.grid import Floats
from artextract.detectors.faces import Head, HeadFinder
from artextract.detectors.people import Body, BodyFinder

__all__ = ["SIDE", "DetectorDevice", "Finders", "View"]

SIDE = 64
"""Side of the square into which a picture is squeezed to be measured, in pixels."""


DetectorDevice = Literal["cpu", "cuda"]


class Finders:
    """The detectors of heads and bodies, each loaded once, when it is first needed.

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
        self._heads: HeadFinder | None = None
        self._bodies: BodyFinder | None = None

    @property
    def heads(self) -> HeadFinder:
        """The detector of heads."""
        with self._loading:
            if self._heads is None:
                self._heads = HeadFinder(self.device, self._threads)
            return self._heads

    @property
    def bodies(self) -> BodyFinder:
        """The detector of bodies."""
        with self._loading:
            if self._bodies is None:
                self._bodies = BodyFinder(self.device, self._threads)
            return self._bodies


class View:
    """One RGB picture, used by one thread; what is found in it is kept.

    Not with cached_property: in Python 3.11 it has one lock for all pictures, so that threads would
    wait for one another's networks.
    """

    def __init__(self, image: PIL.Image.Image, finders: Finders) -> None:
        """Look at ``image`` with ``finders``."""
        self.image = image
        self._finders = finders
        self._lab: Floats | None = None
        self._heads: list[Head] | None = None
        self._bodies: list[Body] | None = None

    @property
    def lab(self) -> Floats:
        """L*, a*, b* of the squeezed picture (64, 64, 3)."""
        if self._lab is None:
            small = self.image.resize((SIDE, SIDE), PIL.Image.Resampling.BOX, reducing_gap=1.0)
            self._lab = to_lab(np.asarray(small))
        return self._lab

    @property
    def heads(self) -> list[Head]:
        """The heads, the largest first."""
        if self._heads is None:
            self._heads = self._finders.heads.find(self.image, self.bodies)
        return self._heads

    @property
    def bodies(self) -> list[Body]:
        """The bodies, the largest first."""
        if self._bodies is None:
            self._bodies = self._finders.bodies.find(self.image)
        return self._bodies
