"""Eyes: the networks and the measuring together, one picture in, all that is stored of it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.aspects import MEASURED
from artextract.aspects.measure import DIMENSIONS, Measured, measure, needs_detectors, terms_of
from artextract.aspects.scene import PEOPLE, scene
from artextract.aspects.view import DetectorDevice, Finders, View
from artextract.encoding.networks import Networks
from artextract.errors import ModelError
from artextract.images.preprocess import Preprocess

__all__ = ["Eyes", "Sight"]


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of one picture: unit vectors {aspect: numbers}, and the payload's part."""

    vectors: dict[str, list[float]]
    payload: dict[str, Any]


class Eyes:
    """Looks at pictures."""

    def __init__(
        self,
        networks: Networks | None,
        measured: Sequence[str] = (),
        *,
        detector_device: DetectorDevice = "cpu",
        threads: int = 1,
    ) -> None:
        """Put networks and measuring together.

        Args:
            networks: What gives "visual" and "style", None where only measuring is wanted.
            measured: The aspects of ``artextract.aspects.MEASURED`` that are wanted.
            detector_device: Where the detectors of heads and bodies run, whatever the device of
                ``networks``.
            threads: CPU threads of one run of a detector.

        Raises:
            ModelError: "scene" is wanted and no network tells genres.
        """
        self._networks = networks
        self._measured = [name for name in MEASURED if name in measured]
        self._finders = Finders(detector_device, threads)
        genres = () if networks is None else networks.classes.get("genre", ())
        if "scene" in self._measured and not genres:
            raise ModelError(
                "aspect 'scene' needs a classifier that tells genres; give one with --classifier, "
                "or leave scene out of --aspects"
            )
        self._dimensions = {**DIMENSIONS, "scene": PEOPLE + len(genres)}

    @property
    def vectors(self) -> dict[str, int]:
        """{aspect: dimension} of what is seen; a picture may lack what it does not show."""
        told = {} if self._networks is None else self._networks.vectors
        return {**told, **{name: self._dimensions[name] for name in self._measured}}

    @property
    def detector_device(self) -> DetectorDevice | None:
        """Where the detectors of heads and bodies run; None where no aspect needs them."""
        return self._finders.device if needs_detectors(self._measured) else None

    @property
    def preprocesses(self) -> list[Preprocess]:
        """How pictures are prepared for the networks."""
        return [] if self._networks is None else self._networks.preprocesses

    @property
    def decode_at_least(self) -> int:
        """Shortest side, in pixels, to which a large JPEG may be reduced while it is decoded."""
        least = [_LEAST_SIDE] if self._measured else []
        return max([*least, *(each.decode_at_least for each in self.preprocesses)])

    def measure(self, image: PIL.Image.Image) -> Measured:
        """Return what is measured of an RGB picture; can be called from many threads at once."""
        return measure(View(image, self._finders), self._measured)

    def look(
        self, batches: list[npt.NDArray[np.float32]], measured: Sequence[Measured]
    ) -> list[Sight]:
        """Return what is seen of pictures.

        Args:
            batches: The same pictures for each of ``preprocesses``, (n, 3, size, size).
            measured: What :meth:`measure` gave of each.

        Raises:
            ModelError: see :meth:`~artextract.models.session.OnnxModel.look`.
        """
        if self._networks is None:
            return [self._sight({}, {}, each, None) for each in measured]
        seen = self._networks.look(batches)
        genre = seen.probabilities.get("genre")
        return [
            self._sight(
                {aspect: rows[at].tolist() for aspect, rows in seen.vectors.items()},
                self._networks.predicted(seen, at),
                each,
                None if genre is None else genre[at],
            )
            for at, each in enumerate(measured)
        ]

    def see(self, image: PIL.Image.Image) -> Sight:
        """Return what is seen of one RGB picture."""
        batches = [preprocess(image)[None] for preprocess in self.preprocesses]
        return self.look(batches, [self.measure(image)])[0]

    def _sight(
        self,
        vectors: dict[str, list[float]],
        predicted: dict[str, object],
        measured: Measured,
        genre: npt.NDArray[np.float32] | None,
    ) -> Sight:
        vectors |= {aspect: each.tolist() for aspect, each in measured.vectors.items()}
        if "scene" in self._measured and genre is not None:
            vectors["scene"] = scene(genre, measured.facts).tolist()
        payload: dict[str, Any] = {**measured.facts}
        if payload:
            payload["seen"] = terms_of(measured.facts)
        if predicted:
            payload["predicted"] = predicted
        return Sight(vectors, payload)


_LEAST_SIDE = 384
"""A head of an eighth of the picture's height is so still drawn with 48 pixels."""
