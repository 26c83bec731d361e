"""A picture as the aspects look at it: each thing that several of them need is made once."""

from functools import cached_property

import numpy as np
import PIL.Image

from artextract.aspects.colour import to_lab
from artextract.aspects.grid import Floats
from artextract.detectors.faces import Head, HeadFinder
from artextract.detectors.people import Body, BodyFinder
from artextract.models.session import Device

__all__ = ["SIDE", "Finders", "View"]

SIDE = 64
"""Side of the square into which a picture is squeezed to be measured, in pixels."""


class Finders:
    """The networks that find heads and bodies, loaded when one is first needed."""

    def __init__(self, device: Device = "cpu", threads: int = 1) -> None:
        """Use ``device`` and so many threads a network."""
        self._device = device
        self._threads = threads

    @cached_property
    def heads(self) -> HeadFinder:
        """What finds heads."""
        return HeadFinder(self._device, self._threads)

    @cached_property
    def bodies(self) -> BodyFinder:
        """What finds bodies."""
        return BodyFinder(self._device, self._threads)


class View:
    """One RGB picture, looked at by one thread.

    What is found is kept by hand: cached_property of Python 3.11 has one lock for all pictures, and
    two threads would wait for one another's networks.
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
